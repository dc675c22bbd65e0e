package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"cairn/server/auth"
	"cairn/store"
)

// request is the body of every call that has one. The account (and the app password)
// that a call is about stands in the query, where no name is a path.
type request struct {
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
	Quota    int64  `json:"quota,omitempty"`
	Admin    bool   `json:"admin,omitempty"`
	Label    string `json:"label,omitempty"`
}

// failure is the body of every answer that is not 200.
type failure struct {
	Code    string `json:"code"` // from codes; "" is another error
	Message string `json:"message"`
}

// codes carries the errors that callers tell apart over the socket.
var codes = map[string]error{
	"not-exist": store.ErrNotExist,
	"exist":     store.ErrExist,
	"name":      store.ErrName,
	"password":  auth.ErrPassword,
	"stopped":   store.ErrStopped,
	"no-space":  store.ErrNoSpace,
	"occupied":  store.ErrOccupied,
	"read-only": store.ErrReadOnlyFS,
	"closed":    store.ErrClosed,
	"damaged":   store.ErrCorrupt,
	"file":      store.ErrNotFolder,
	"folder":    store.ErrIsFolder,
	"pieces":    errPieces,
	"snapshots": store.ErrSnapshotLimit,
	"history":   store.ErrHistory,
	"too-many":  store.ErrUndoLimit,
	"locked":    store.ErrLocked,
	"quota":     store.ErrQuota,
}

// Handler answers account operations, reads, and long work on the store to whoever can
// reach it, without asking who that is: serve it on the socket of Listen and nowhere else.
func Handler(a Accounts, k Keeper, l *Lender) http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, f func(r *http.Request, in request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var in request
			if r.ContentLength != 0 {
				if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
					answer(w, http.StatusBadRequest, failure{Message: err.Error()})
					return
				}
			}
			out, err := f(r, in)
			if err != nil {
				answer(w, http.StatusConflict, failureOf(err))
				return
			}
			answer(w, http.StatusOK, out)
		})
	}
	on("GET /accounts", func(r *http.Request, _ request) (any, error) {
		return a.List(r.Context())
	})
	on("POST /accounts", func(r *http.Request, in request) (any, error) {
		return a.Add(r.Context(), in.Name, in.Password, in.Quota, in.Admin)
	})
	on("DELETE /accounts", func(r *http.Request, _ request) (any, error) {
		return nil, a.Remove(r.Context(), r.URL.Query().Get("name"))
	})
	on("PUT /password", func(r *http.Request, in request) (any, error) {
		return nil, a.SetPassword(r.Context(), r.URL.Query().Get("name"), in.Password)
	})
	on("PUT /quota", func(r *http.Request, in request) (any, error) {
		return nil, a.SetQuota(r.Context(), r.URL.Query().Get("name"), in.Quota)
	})
	on("GET /app-passwords", func(r *http.Request, _ request) (any, error) {
		return a.AppPasswords(r.Context(), r.URL.Query().Get("name"))
	})
	on("POST /app-passwords", func(r *http.Request, in request) (any, error) {
		return a.AddAppPassword(r.Context(), r.URL.Query().Get("name"), in.Label)
	})
	on("DELETE /app-passwords", func(r *http.Request, _ request) (any, error) {
		id, err := strconv.ParseInt(r.URL.Query().Get("id"), 10, 64)
		if err != nil {
			return nil, store.ErrNotExist
		}
		return nil, a.RemoveAppPassword(r.Context(), r.URL.Query().Get("name"), id)
	})
	past(on, a)
	keep(mux, k)
	browse(mux, l.Browse)
	mux.Handle("GET "+lendPath, l)
	return mux
}

func failureOf(err error) failure {
	f := failure{Message: err.Error()}
	for code, known := range codes {
		if errors.Is(err, known) {
			f.Code = code
		}
	}
	return f
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
