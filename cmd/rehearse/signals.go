package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string {
	switch i.signal {
	case syscall.SIGTERM:
		return "interrupted by SIGTERM"
	case syscall.SIGHUP:
		return "interrupted by SIGHUP: the terminal was closed"
	}
	return "interrupted by SIGINT"
}

// closing is how long after the first hangup others belong to it: the kernel and the shell each send one when a terminal is
// closed.
const closing = 2 * time.Second

// untilSignal is ctx until SIGINT, SIGTERM or SIGHUP arrives. After the first one the signals have their usual effect again.
// A hangup that was ignored before, as nohup does, stays ignored.
func untilSignal(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, pipes := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	// A pipe that nobody reads is told of by the write; the signal alone would end the process, servers and all. Nobody looks
	// into this channel.
	signal.Notify(pipes, syscall.SIGPIPE)
	go func() {
		select {
		case s := <-signals:
			hold(s, signals)
			if number, ok := s.(syscall.Signal); ok {
				cancel(interrupted{number})
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// hold gives the signals their usual effect again, hangups a moment later where the first was one.
func hold(first os.Signal, signals chan os.Signal) {
	signal.Stop(signals)
	if first == syscall.SIGHUP {
		signal.Notify(signals, syscall.SIGHUP)
		time.AfterFunc(closing, func() { signal.Stop(signals) })
	}
}
