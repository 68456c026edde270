package wecom

import "context"

// Probe subscribes once and hangs up: do the bot's id and secret fit? It must not be
// used beside Run. A connection that is live elsewhere is taken away by it, as by any
// subscription.
func (l *LongConn) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.o.AckWait+l.o.Budget)
	defer cancel()
	l.mu.Lock()
	l.ending = ctx.Done()
	l.mu.Unlock()
	q := &queues{slots: make(chan struct{}, 1), active: make(map[string][]func())}
	defer q.drain(l.o.Budget)
	ended := make(chan error, 1)
	go func() {
		_, err := l.once(ctx, q)
		ended <- err
	}()
	live := make(chan bool, 1)
	go func() { live <- l.await(ctx) != nil }()
	select {
	case err := <-ended:
		return err
	case ok := <-live:
		cancel()
		err := <-ended
		if ok {
			return nil
		}
		return err
	}
}
