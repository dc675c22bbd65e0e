package pack

import (
	"context"
	"errors"
	"fmt"

	"cairn/store/object"
)

// startSeal seals p in the background. The caller holds a slot of s.sealing, and no
// lane has p any more.
func (s *Set) startSeal(p *pack) {
	s.work.Go(func() {
		err := s.seal(p)
		<-s.sealing
		if err != nil {
			s.opt.Log.Warn("pack not sealed", "pack", name(p.id), "err", err)
			if errors.Is(err, ErrLaneFailed) {
				s.forgetFresh(p)
			}
			return
		}
		if s.opt.OnSealed != nil {
			s.opt.OnSealed(p.info())
		}
	})
}

// seal writes the footer of p and flushes it, together with every record that is not
// flushed yet: whoever waits for these shares the flush and its error. If the footer
// cannot be written the pack stays as it is, readable and unsealed.
func (s *Set) seal(p *pack) error {
	p.mu.Lock()
	p.frozen = true
	size := p.size
	foot := encodeFooter(&p.header, p.index, size)
	p.mu.Unlock()

	// One more byte than there is: a seal needs a flush of its own.
	if lead, err := p.begin(context.Background(), size+1); !lead {
		return err
	}
	end := size + int64(len(foot))
	_, err := p.file.WriteAt(foot, size)
	if err == nil {
		err = cut(p.file, end)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("footer: %w", err), p.file.Truncate(size))
		p.finish(0, nil)
		return err
	}
	err = p.file.Sync()
	if err != nil {
		p.finish(0, err)
		p.abandon()
		return err
	}
	p.ahead.cut()
	p.mu.Lock()
	p.sealed, p.size, p.flushed = true, end, end
	index := p.index
	p.index = nil
	p.mu.Unlock()
	p.finish(end, nil)
	s.learn(p, index)
	return p.close()
}

// cut drops the space that was allocated behind end.
func cut(f object.File, end int64) error {
	size, err := f.Size()
	if err == nil && size > end {
		err = f.Truncate(end)
	}
	return err
}
