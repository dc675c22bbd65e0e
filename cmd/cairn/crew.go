package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// crew runs tasks on a few goroutines, in the order in which they come, until one fails
// or its context ends; what has not begun by then is dropped.
type crew struct {
	ctx   context.Context // done when no more is to be begun
	fail  context.CancelCauseFunc
	tasks chan func() error
	wg    sync.WaitGroup
}

func newCrew(ctx context.Context, hands int) *crew {
	c := &crew{tasks: make(chan func() error, 4*hands)}
	c.ctx, c.fail = context.WithCancelCause(ctx)
	for range hands {
		c.wg.Go(func() {
			for task := range c.tasks {
				if c.ctx.Err() != nil {
					continue
				}
				if err := task(); err != nil {
					c.fail(err)
				}
			}
		})
	}
	return c
}

// do has a task run, perhaps later. It waits while there are many; the error is why there
// will be no more. Not to be called from a task.
func (c *crew) do(task func() error) error {
	select {
	case c.tasks <- task:
		return nil
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
}

// end waits for what was begun. err is what became of giving out tasks; the result is
// whatever went wrong first.
func (c *crew) end(err error) error {
	if err != nil {
		c.fail(err)
	}
	close(c.tasks)
	c.wg.Wait()
	err = context.Cause(c.ctx)
	c.fail(nil)
	return err
}

// errStopped: somebody pressed Ctrl-C.
var errStopped = errors.New("stopped")

// untilStopped is a context that ends with errStopped at the first SIGINT or SIGTERM; a
// second one ends the process.
func untilStopped() (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-stop:
			cancel(errStopped)
		case <-done:
			return
		}
		select {
		case <-stop:
			os.Exit(130)
		case <-done:
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(stop)
		close(done)
		cancel(nil)
	})
}
