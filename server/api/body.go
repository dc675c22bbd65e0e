package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"

	"github.com/labstack/echo/v4"
)

// maxBodyBytes bounds what a request of the API may bring; a stranger may bring no more
// than maxStrangerBytes, within strangerTime.
const (
	maxBodyBytes     = 1 << 20
	maxStrangerBytes = 8 << 10
	strangerTime     = 10 * time.Second
)

// readJSON reads the one JSON value of a stranger's request. The content type must be
// application/json: a form of another site cannot send that.
func readJSON(c echo.Context, into any) error {
	r := c.Request()
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return httperr.Problem{Status: http.StatusUnsupportedMediaType, Code: "media-type", Title: "The request is not JSON.",
			Hint: "Send it with Content-Type: application/json."}
	}
	body := transfer.NewBody(c.Response().Writer, r, strangerTime)
	body.Until(time.Now().Add(strangerTime))
	r.Body = body
	defer body.End()
	d := json.NewDecoder(http.MaxBytesReader(nil, body, maxStrangerBytes))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			if err = end; err == nil {
				err = errors.New("it goes on after the first value")
			}
		}
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large), body.Err() != nil && body.Err() != io.EOF:
		return err
	}
	return describe(err)
}
