package server

import (
	"io"
	"net/http"
)

// response counts what is sent. It hides nothing of the writer below: ReadFrom passes
// through, so that a file still reaches the socket by sendfile, and Unwrap lets
// http.ResponseController set deadlines. One goroutine at a time.
type response struct {
	http.ResponseWriter
	method  string
	status  int // 0: none yet
	bytes   int64
	replied func(method string, status int)
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the first final status; 1xx (but 101) come before it.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
		if w.replied != nil {
			w.replied(w.method, status)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom hands src itself to the writer below, which recognises files.
func (w *response) ReadFrom(src io.Reader) (int64, error) {
	w.begin()
	var n int64
	var err error
	if rf, ok := w.ResponseWriter.(io.ReaderFrom); ok {
		n, err = rf.ReadFrom(src)
	} else { // HTTP/2
		n, err = io.Copy(struct{ io.Writer }{w.ResponseWriter}, src)
	}
	w.bytes += n
	return n, err
}

func (w *response) begin() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}
