package chunk

import (
	"context"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

const (
	encoders = 2
	decoders = 2

	// Chunks are about as long, and a window of 4 MiB saves no more than 0.1 % of them.
	encodeWindow = 1 << 20
	maxWindow    = 4 << 20
	maxBlock     = 128 << 10 // plain bytes of a zstd block

	encodeBytes = MaxBytes
	// A bad frame may hold a block too much before the decoder sees it.
	decodeBytes = MaxBytes + maxBlock + 4096
)

// A Codec packs chunks with zstd, as codec 1 of FORMAT.md. At most two encode and two
// decode at a time; who comes later waits for as long as its context lets it. Safe for
// concurrent use.
//
// Memory: each encoder takes 4 MiB and each decoder 4.13 MiB from alloc the first time
// it is needed, and keeps it; DecodeFrom takes 4 MiB more. On the Go heap all four
// together keep some 4 MiB more (TestCodecMemory prints it). Nothing grows with use,
// whatever the frames say.
type Codec struct {
	encoders chan *encoder
	decoders chan *decoder
}

// NewCodec returns a codec that takes its buffers from alloc: n bytes, kept until Free.
// An error of alloc fails that one call; the next tries again.
func NewCodec(alloc func(n int) ([]byte, error)) *Codec {
	c := &Codec{make(chan *encoder, encoders), make(chan *decoder, decoders)}
	for range encoders {
		c.encoders <- &encoder{alloc: alloc}
	}
	for range decoders {
		c.decoders <- &decoder{alloc: alloc}
	}
	return c
}

// Free gives each buffer that nobody uses to free, which may be called for none. Who uses
// the codec later takes new ones from alloc.
func (c *Codec) Free(free func(buf []byte) error) error {
	var errs []error
	give := func(bufs ...*[]byte) {
		for _, b := range bufs {
			if *b != nil {
				errs = append(errs, free(*b))
				*b = nil
			}
		}
	}
	for range encoders {
		select {
		case e := <-c.encoders:
			give(&e.buf)
			defer func() { c.encoders <- e }()
		default:
		}
	}
	for range decoders {
		select {
		case d := <-c.decoders:
			give(&d.buf, &d.stored)
			defer func() { c.decoders <- d }()
		default:
		}
	}
	return errors.Join(errs...)
}

// Encode packs the bytes of parts, one behind the other, into one frame. If that is
// smaller by 5 % and by 64 bytes, it calls use with the frame, which holds for as long
// as use runs, and returns true. Else it returns false and has not called use; it stops
// as soon as that is certain. It returns the error of use, of ctx while it waits, of
// alloc, or that there are more than MaxBytes.
func (c *Codec) Encode(ctx context.Context, parts [][]byte, use func(stored []byte) error) (saved bool, err error) {
	plain := 0
	for _, p := range parts {
		plain += len(p)
	}
	if plain > MaxBytes {
		return false, fmt.Errorf("chunk: encode %d bytes: at most %d", plain, MaxBytes)
	}
	limit := min(plain-plain/20, plain-64)
	if limit <= 0 {
		return false, ctx.Err()
	}
	e, err := take(ctx, c.encoders)
	if err != nil {
		return false, err
	}
	defer func() { c.encoders <- e }()
	stored, err := e.encode(parts, plain, limit)
	if errors.Is(err, errLarge) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("chunk: encode: %w", err)
	}
	if err := use(stored); err != nil {
		return false, err
	}
	return true, nil
}

// Decode calls use with the plain bytes of a frame, which hold for as long as use runs.
// A frame that is not one whole zstd frame with its content size, of exactly plain
// bytes, with a window of at most 4 MiB and no dictionary, is refused with an error that
// wraps ErrFrame, and use is not called. Other errors are of use, of ctx while it waits,
// or of alloc.
func (c *Codec) Decode(ctx context.Context, stored []byte, plain int, use func(plain []byte) error) error {
	if err := checkFrame(stored, plain); err != nil {
		return err
	}
	d, err := take(ctx, c.decoders)
	if err != nil {
		return err
	}
	defer func() { c.decoders <- d }()
	b, err := d.decode(stored, plain)
	if err != nil {
		return err
	}
	return use(b)
}

// DecodeFrom is Decode of a frame of n bytes that read fetches into a buffer of the
// codec's. It returns the error of read as it is.
func (c *Codec) DecodeFrom(ctx context.Context, n int, read func(stored []byte) error, plain int, use func(plain []byte) error) error {
	if n < 0 || n > MaxBytes {
		return fmt.Errorf("%w: %d bytes", ErrFrame, n)
	}
	d, err := take(ctx, c.decoders)
	if err != nil {
		return err
	}
	defer func() { c.decoders <- d }()
	if d.stored == nil {
		if d.stored, err = d.alloc(MaxBytes); err != nil {
			return fmt.Errorf("chunk: decode: %w", err)
		}
	}
	stored := d.stored[:n]
	if err := read(stored); err != nil {
		return err
	}
	if err := checkFrame(stored, plain); err != nil {
		return err
	}
	b, err := d.decode(stored, plain)
	if err != nil {
		return err
	}
	return use(b)
}

func take[T any](ctx context.Context, from chan T) (t T, err error) {
	if err := ctx.Err(); err != nil {
		return t, err
	}
	select {
	case t = <-from:
		return t, nil
	case <-ctx.Done():
		return t, ctx.Err()
	}
}

// errLarge says that the frame would not be small enough.
var errLarge = errors.New("does not pay")

// encoder is used by one goroutine at a time.
type encoder struct {
	alloc func(n int) ([]byte, error)
	zstd  *zstd.Encoder
	buf   []byte
	n     int // bytes of the frame so far
	limit int // and how many it may have
}

// Write takes a piece of the frame from zstd.
func (e *encoder) Write(p []byte) (int, error) {
	if len(p) > e.limit-e.n {
		return 0, errLarge
	}
	e.n += copy(e.buf[e.n:], p)
	return len(p), nil
}

func (e *encoder) encode(parts [][]byte, plain, limit int) ([]byte, error) {
	if e.buf == nil {
		buf, err := e.alloc(encodeBytes)
		if err != nil {
			return nil, err
		}
		e.buf = buf
	}
	if e.zstd == nil {
		// The checksum of zstd is left out: the record and the chunk have better ones.
		// Single segment: else frames of less than 256 bytes have no content size.
		// All literals: at this level base64 and numbers would be stored as they are.
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(encodeWindow), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false),
			zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true))
		if err != nil {
			return nil, err
		}
		e.zstd = z
	}
	e.n, e.limit = 0, limit
	// As a stream: so that parts need not be joined, and a chunk that does not pay is
	// given up early.
	e.zstd.ResetContentSize(e, int64(plain))
	for _, p := range parts {
		if _, err := e.zstd.Write(p); err != nil {
			return nil, err
		}
	}
	if err := e.zstd.Close(); err != nil {
		return nil, err
	}
	return e.buf[:e.n], nil
}

// decoder is used by one goroutine at a time.
type decoder struct {
	alloc  func(n int) ([]byte, error)
	zstd   *zstd.Decoder
	buf    []byte // for what comes out
	stored []byte // for what goes in, if the caller has no room for it
}

func (d *decoder) decode(stored []byte, plain int) ([]byte, error) {
	if d.buf == nil {
		buf, err := d.alloc(decodeBytes)
		if err != nil {
			return nil, fmt.Errorf("chunk: decode: %w", err)
		}
		d.buf = buf
	}
	if d.zstd == nil {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(MaxBytes), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, fmt.Errorf("chunk: decode: %w", err)
		}
		d.zstd = z
	}
	b, err := d.zstd.DecodeAll(stored, d.buf[:0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if len(b) != plain {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrFrame, len(b), plain)
	}
	return b, nil
}
