package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// maxBodyBytes of an answer are kept for the check. The rest is read and dropped, so that its time counts.
const maxBodyBytes = 64 << 10

// carrier exchanges a request for its answer, by the deadline. It obeys the context it was made with.
type carrier interface {
	exchange(request *http.Request, deadline time.Time) (answered, error)
	close()
}

// answered is what came of a request: status and body of the answer, if one came, and how the request went out.
type answered struct {
	status int
	body   []byte
	// reconnected and resent are as in [record.Window].
	reconnected, resent bool
}

// shooter is the transport vegeta's client sees. It puts the planned request in place of vegeta's blank one and keeps
// the outcome; vegeta gets to see an empty answer, which costs it nothing to read.
type shooter struct {
	ctx     context.Context
	cfg     Config
	books   *recorder
	carrier carrier
}

// RoundTrip implements http.RoundTripper for the hit whose number vegeta wrote into the header.
func (s *shooter) RoundTrip(blank *http.Request) (*http.Response, error) {
	seq, err := strconv.ParseUint(blank.Header.Get("X-Vegeta-Seq"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read hit number: %w", err)
	}
	s.shoot(s.books.hit(seq))
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: blank}, nil
}

// shoot sends the hit, waits for the answer and has it judged.
func (s *shooter) shoot(h *hit) {
	if s.ctx.Err() != nil {
		h.cut = true
		return
	}
	op := s.cfg.Plan.Operations[h.Operation].Name
	a, err := s.ask(op, h)
	// Taken before the check, whose cost is ours and not the system's.
	h.done = time.Now()
	h.reconnected, h.resent = a.reconnected, a.resent
	outcome := s.cfg.Source.Check(op, h.Hit, a.status, a.body)
	h.api = s.cfg.Source.API(op, h.Hit)
	switch {
	case err == nil:
		h.outcome = outcome
		if h.outcome.Class == "" && a.status >= http.StatusInternalServerError {
			h.outcome.Class = fmt.Sprintf("status_%d", a.status)
		}
	case s.ctx.Err() == nil:
		h.outcome.Class = classify(err)
	case errors.Is(context.Cause(s.ctx), errDrained):
		h.outcome.Class = "timeout"
	default:
		h.cut = true
	}
}

// ask makes the hit's request and exchanges it for an answer; without one, status is 0.
func (s *shooter) ask(op string, h *hit) (a answered, err error) {
	deadline := time.Now().Add(s.cfg.Timeout)
	ctx := s.ctx
	if h.Step > 0 {
		// Only a hit inside a session has something to wait for, and a timer for each of the others would cost.
		limited, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		ctx = limited
	}
	request, err := s.cfg.Source.Request(ctx, op, h.Hit)
	if err != nil {
		return answered{}, requestError{err}
	}
	if a, err = s.carrier.exchange(request, deadline); err != nil {
		a.status, a.body = 0, nil
	}
	return a, err
}

// requestError says that there was nothing to send.
type requestError struct{ error }

func (e requestError) Unwrap() error { return e.error }

// classify names the kind of an error. The set is small and fixed, because texts hold ports and tokens and are never
// the same twice.
func classify(err error) string {
	var lookup *net.DNSError
	var timeout net.Error
	var unmade requestError
	switch {
	case errors.Is(err, ErrBrokenSession):
		return "broken_session"
	case errors.As(err, &lookup):
		return "dns"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &unmade):
		return "request"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "eof"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "ports_exhausted"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too_many_files"
	}
	return "other"
}

// foreign carries requests by a transport from outside. One that sends a request again by itself, as net/http's does with
// some when a connection it kept turns out to be closed, cannot be kept from it: it is found out, if it tells of what it
// writes by net/http/httptrace.
type foreign struct {
	ctx       context.Context
	transport http.RoundTripper
}

func (f foreign) exchange(request *http.Request, deadline time.Time) (a answered, err error) {
	ctx, cancel := context.WithDeadline(f.ctx, deadline)
	defer cancel()
	var written atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Add(1) }})
	response, err := f.transport.RoundTrip(request.WithContext(ctx))
	a.resent = written.Load() > 1
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	a.body, err = readBody(response)
	return a, err
}

func (f foreign) close() {
	if idle, ok := f.transport.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

// readBody reads the body to its end and returns what is kept of it.
func readBody(response *http.Response) ([]byte, error) {
	if n := response.ContentLength; n > 0 && n <= maxBodyBytes {
		body := make([]byte, n)
		_, err := io.ReadFull(response.Body, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
	}
	return body, err
}
