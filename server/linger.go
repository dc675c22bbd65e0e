package server

import (
	"net/http"

	"cairn/server/transfer"
)

const mostLingers = 64 // at once: who comes from strangers has 16 KiB each, and no more than that

// refuse answers with write what is refused before anybody is known; see
// transfer.Refuse.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, write func()) {
	transfer.Refuse(w, r, s.lingering, write)
}
