package main

import (
	"errors"
	"os"
	"time"

	"cairn/store"
)

// giveFolder has a folder made, if it is not known, and given its time. What is in it
// need not wait: whoever comes first makes the folder.
func (m *importer) giveFolder(p store.Path, shown string, info os.FileInfo, known *store.Node) error {
	mod, kept := heldTime(info.ModTime())
	if !kept {
		m.left.time(shown, "Cairn does not hold %s", info.ModTime().UTC().Format(time.RFC3339Nano))
	}
	if m.look || known != nil && known.ModTime.Equal(mod) {
		m.count.folders.Add(1)
		return nil
	}
	return m.crew.do(func() error {
		if known == nil {
			if err := m.mkdir(p); err != nil {
				return m.refused(shown, err)
			}
		}
		if _, err := m.st.Touch(m.crew.ctx, m.sc, p, mod, store.Conditions{}); err != nil {
			return m.refused(shown, err)
		}
		m.count.folders.Add(1)
		return nil
	})
}

// mkdir makes a folder, and those above it.
func (m *importer) mkdir(p store.Path) error {
	_, err := m.st.Mkdir(m.crew.ctx, m.sc, p, store.Conditions{})
	if errors.Is(err, store.ErrNoParent) {
		if err := m.mkdir(p.Dir()); err != nil {
			return err
		}
		_, err = m.st.Mkdir(m.crew.ctx, m.sc, p, store.Conditions{})
	}
	if errors.Is(err, store.ErrExist) {
		return nil
	}
	return err
}

// heldTime is the time nearest to t that Cairn holds, which counts nanoseconds in 64 bits.
func heldTime(t time.Time) (held time.Time, same bool) {
	const most = 9_223_372_035
	switch s := t.Unix(); {
	case s >= most:
		return time.Unix(most, 0), false
	case s <= -most:
		return time.Unix(-most, 0), false
	}
	return t, true
}
