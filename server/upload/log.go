package upload

import (
	"context"
	"log/slog"

	exp "golang.org/x/exp/slog"
)

// bridge lets tusd log with our logger. It tells four things of each request, which
// the access log tells in one line, and calls every broken connection an error: all of
// that is for whoever debugs.
func bridge(log *slog.Logger) *exp.Logger { return exp.New(bridged{log.Handler()}) }

type bridged struct{ h slog.Handler }

func (b bridged) Enabled(ctx context.Context, _ exp.Level) bool {
	return b.h.Enabled(ctx, slog.LevelDebug)
}

func (b bridged) Handle(ctx context.Context, r exp.Record) error {
	out := slog.NewRecord(r.Time, slog.LevelDebug, "tus: "+r.Message, 0)
	r.Attrs(func(a exp.Attr) bool {
		out.AddAttrs(slog.Any(a.Key, a.Value.Any()))
		return true
	})
	return b.h.Handle(ctx, out)
}

func (b bridged) WithAttrs(attrs []exp.Attr) exp.Handler {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = slog.Any(a.Key, a.Value.Any())
	}
	return bridged{b.h.WithAttrs(out)}
}

func (b bridged) WithGroup(name string) exp.Handler { return bridged{b.h.WithGroup(name)} }
