package api

import (
	"context"
	"strconv"
	"time"

	"cairn/server/httperr"
	"cairn/store"
)

// maxDays bounds the age that versions/size takes, so that it fits a time.Duration.
const maxDays = 36_500

// past is a part of a space's history.
type past struct {
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
	Since   *int64 `json:"since"` // milliseconds since 1970, of the oldest; null: none, or not known
	Upto    int64  `json:"upto"`  // the number of the newest change; 0: none
}

func pastOf(p *store.Past) past {
	return past{p.Entries, p.Bytes, moment(p.Since), p.Upto}
}

// moment is null for the zero time.
func moment(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

// spaceAnswer is what a space takes. All sizes are bytes.
type spaceAnswer struct {
	Used      int64 `json:"used"` // of files as they are now
	Files     int64 `json:"files"`
	Quota     int64 `json:"quota"` // 0: none
	Available int64 `json:"available"`
	Versions  past  `json:"versions"`
	Trash     past  `json:"trash"`
	// CollectEvery is how many seconds lie between two collections, which give the disk back
	// what was deleted for good; 0: there are none by themselves.
	CollectEvery int64         `json:"collectEvery"`
	Store        *storeContent `json:"store,omitempty"` // for administrators
}

// storeContent is what the whole store takes.
type storeContent struct {
	Packs         int     `json:"packs"`
	Stored        int64   `json:"stored"`
	DiskFree      int64   `json:"diskFree"`
	DiskTotal     int64   `json:"diskTotal"`
	Ballast       int64   `json:"ballast"`
	BallastWanted int64   `json:"ballastWanted"`
	Survey        *survey `json:"survey"` // null: no collection has looked since the server started
}

// survey is what the last collection has found, or left.
type survey struct {
	At          int64 `json:"at"` // milliseconds since 1970
	Stored      int64 `json:"stored"`
	Live        int64 `json:"live"`
	Dead        int64 `json:"dead"`
	Reclaimable int64 `json:"reclaimable"` // of the dead, what a collection would give back
	Full        bool  `json:"full"`        // it was a full one, which counts more as that
}

// space tells what the caller's space takes, and an administrator what the store does.
func (a *API) space(q *request) error {
	if _, err := q.query(); err != nil {
		return err
	}
	ctx := q.r.Context()
	u, err := a.o.Store.SpaceUse(ctx, q.sc)
	if err != nil {
		return err
	}
	out := spaceAnswer{Used: u.Bytes, Files: u.Files, Quota: u.Quota, Available: u.Available,
		Versions: pastOf(&u.Versions), Trash: pastOf(&u.Trash), CollectEvery: int64(u.CollectEvery / time.Second)}
	if q.who.Admin {
		st, err := a.o.Store.StoreUse(ctx)
		if err != nil {
			return err
		}
		out.Store = &storeContent{Packs: st.Packs, Stored: st.Stored, DiskFree: st.DiskFree, DiskTotal: st.DiskTotal,
			Ballast: st.Ballast, BallastWanted: st.BallastWanted}
		if v := st.Survey; v != nil {
			out.Store.Survey = &survey{v.At.UnixMilli(), v.Stored, v.Live, max(0, v.Stored-v.Live), v.Reclaimable, v.Full}
		}
	}
	return q.json(out)
}

// versionsSize tells how much drop-versions would delete of what was replaced at least so
// many days ago (0: of all). With its upto that leaves alone what is replaced from now on.
func (a *API) versionsSize(q *request) error {
	v, err := q.query("days")
	if err != nil {
		return err
	}
	days := 0
	if v.Has("days") {
		if days, err = strconv.Atoi(v.Get("days")); err != nil || days < 0 || days > maxDays {
			return badQuery("has days that are not a number from 0 to 36500")
		}
	}
	p, err := a.o.Store.VersionsSize(q.r.Context(), q.sc, time.Duration(days)*24*time.Hour)
	if err != nil {
		return err
	}
	return q.json(struct {
		Entries int64 `json:"entries"`
		Bytes   int64 `json:"bytes"`
		Upto    int64 `json:"upto"`
	}{p.Entries, p.Bytes, p.Upto})
}

// dropVersions deletes the older versions of all files for good that were replaced up to a
// change. It has to be told which, as emptyTrash.
func (a *API) dropVersions(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	if o.Upto < 1 {
		return result{}, httperr.BadRequest("bad-operation", "The operation lacks upto.", "Send the one that versions/size answered.")
	}
	n, err := a.o.Store.DropVersions(ctx, sc, o.Upto)
	if err != nil {
		return result{}, err
	}
	return result{Count: &n}, nil
}
