package pack

// sendBytes is how much of a pack may gather before the disk is told to begin.
const sendBytes = 8 << 20

// sendBack has the disk begin with what a long upload has appended since it was last
// told, so that the flush at its end finds little left. It may fail: the flush tells.
func (p *pack) sendBack() {
	p.write.Lock()
	defer p.write.Unlock()
	p.mu.Lock()
	const page = 4096
	from, to := max(p.sent, p.flushed)&^(page-1), p.size&^(page-1)
	file := p.file
	p.mu.Unlock()
	if file != nil && to-from >= sendBytes {
		file.WriteBack(from, to-from)
		p.sent = to
	}
}
