package pack

// sendBytes is how much of a pack may gather before the disk is told to begin.
const sendBytes = 8 << 20

// sendBack has the disk begin with what a long upload has appended since it was last
// told, so that the flush at its end finds little left. It may fail: the flush tells.
//
// It does not wait: sync_file_range may, for room in the queue of the disk. One such call is under
// way per pack; what gathers meanwhile is the next one's.
func (p *pack) sendBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	const page = 4096
	from, to := max(p.sent, p.flushed)&^(page-1), p.size&^(page-1)
	if p.file == nil || p.sending || to-from < sendBytes {
		return
	}
	p.sent, p.sending = to, true
	file := p.file
	go func() {
		file.WriteBack(from, to-from)
		p.mu.Lock()
		p.sending = false
		p.mu.Unlock()
	}()
}
