package meta

// The encodings of a manifest (store/pack/FORMAT.md, Manifest encoding).
const (
	manifestExtents = 0
	manifestPages   = 1
)

// MaxInlineManifest is the most bytes of encoded extents that stay in a row; longer
// ones are cut into pages that lie in the packs.
const MaxInlineManifest = 4096

// Encode is the form kept in rows and commit records; nil for an empty file.
func (m *Manifest) Encode() []byte {
	if len(m.Extents) == 0 && len(m.Pages) == 0 {
		return nil
	}
	c := &coder{}
	kind := uint64(manifestExtents)
	if len(m.Pages) > 0 {
		kind = manifestPages
		c.u64(&kind)
		many(c, &m.Pages, codeRef)
		return c.buf
	}
	c.u64(&kind)
	many(c, &m.Extents, codeExtent)
	return c.buf
}

// DecodeManifest reads what Encode wrote.
func DecodeManifest(b []byte) (Manifest, error) {
	var m Manifest
	if len(b) == 0 {
		return m, nil
	}
	c := &coder{buf: b, reading: true}
	var kind uint64
	c.u64(&kind)
	switch {
	case c.err == nil && kind == manifestExtents:
		many(c, &m.Extents, codeExtent)
	case c.err == nil && kind == manifestPages:
		many(c, &m.Pages, codeRef)
	default:
		return m, errDecode
	}
	if c.err != nil || len(c.buf) > 0 {
		return Manifest{}, errDecode
	}
	return m, nil
}

// Packs calls f for every pack that m itself names.
func (m *Manifest) Packs(f func(PackID)) {
	for _, e := range m.Extents {
		f(e.Pack)
	}
	for _, p := range m.Pages {
		f(p.Pack)
	}
}

// Add appends a run of chunks, joining it to the last extent where it goes on.
func (m *Manifest) Add(e Extent) {
	if n := len(m.Extents); n > 0 {
		last := &m.Extents[n-1]
		if last.Pack == e.Pack && last.First+last.Count == e.First {
			last.Count += e.Count
			last.Bytes += e.Bytes
			return
		}
	}
	m.Extents = append(m.Extents, e)
}

// Clone copies m.
func (m *Manifest) Clone() Manifest {
	return Manifest{append([]Extent(nil), m.Extents...), append([]Ref(nil), m.Pages...)}
}

func codeExtent(c *coder, e *Extent) {
	num(c, &e.Pack)
	num(c, &e.First)
	num(c, &e.Count)
	c.i64(&e.Bytes)
}

func codeRef(c *coder, r *Ref) {
	num(c, &r.Pack)
	num(c, &r.Ordinal)
	c.i64(&r.Bytes)
}

func encodeRefs(refs []Ref) []byte {
	if len(refs) == 0 {
		return nil
	}
	c := &coder{}
	many(c, &refs, codeRef)
	return c.buf
}

func decodeRefs(b []byte) ([]Ref, error) {
	if len(b) == 0 {
		return nil, nil
	}
	var refs []Ref
	c := &coder{buf: b, reading: true}
	many(c, &refs, codeRef)
	if c.err != nil || len(c.buf) > 0 {
		return nil, errDecode
	}
	return refs, nil
}
