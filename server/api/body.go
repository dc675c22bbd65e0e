package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"cairn/server/httperr"

	"github.com/labstack/echo/v4"
)

// maxBodyBytes bounds what a request of the API may bring.
const maxBodyBytes = 1 << 20

// readJSON reads the one JSON value of a request's body. The content type must be
// application/json: a form of another site cannot send that.
func readJSON(c echo.Context, into any) error {
	r := c.Request()
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return httperr.Problem{Status: http.StatusUnsupportedMediaType, Code: "media-type", Title: "The request is not JSON.",
			Hint: "Send it with Content-Type: application/json."}
	}
	d := json.NewDecoder(http.MaxBytesReader(c.Response().Writer, r.Body, maxBodyBytes))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("it goes on after the first value")
		}
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return err
	}
	return httperr.Problem{Status: http.StatusBadRequest, Code: "bad-json", Title: "The request's JSON cannot be read.", Hint: "It is not what this address takes.", Cause: err}
}
