package wecom

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"time"

	"juwei/handlers"
)

// A response_url is good for an hour and one message (doc path 101138).
const (
	responseLife = time.Hour
	maxSpent     = 8192
)

// Respond answers a message late, by the response_url that came with it: markdown up to
// LimitBot bytes or, with o.Card, a card with buttons. The address works once: after a
// call whose request may have been written, another is refused with code 40058 without
// being sent. It is as secret as a key and shows in no error.
func (c *Client) Respond(ctx context.Context, addr Secret, content handlers.Content, o SendOptions) error {
	const op = "respond"
	if u, err := url.Parse(string(addr)); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return &Error{Op: op, Code: codeParameter, Msg: "no response_url"}
	}
	var body any
	card, ok := templateOf(content)
	if ok && o.Card {
		body = struct {
			MsgType string        `json:"msgtype"`
			Card    *templateCard `json:"template_card"`
		}{"template_card", card}
	} else {
		text := marked(content)
		if err := fits(op, text, LimitBot); err != nil {
			return err
		}
		body = struct {
			MsgType  string        `json:"msgtype"`
			Markdown markdownField `json:"markdown"`
		}{"markdown", markdownField{text}}
	}
	if !c.spend(addr) {
		return &Error{Op: op, Code: codeParameter, Msg: "response_url was used before"}
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	err := c.post(ctx, call{op: op, verbatim: string(addr), body: body}, string(addr))
	var e *Error
	if errors.As(err, &e) && !e.Unknown() && e.Code == 0 {
		c.unspend(addr) // it never left: the one message is still to be had
	}
	return err
}

// spend takes the one use of addr; false: somebody had it.
func (c *Client) spend(addr Secret) bool {
	key, now := sha256.Sum256([]byte(addr)), c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if until, used := c.spent[key]; used && now.Before(until) {
		return false
	}
	if c.spent == nil {
		c.spent = make(map[[32]byte]time.Time)
	}
	if len(c.spent) >= maxSpent {
		for k, until := range c.spent {
			if !now.Before(until) {
				delete(c.spent, k)
			}
		}
	}
	c.spent[key] = now.Add(responseLife)
	return true
}

func (c *Client) unspend(addr Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.spent, sha256.Sum256([]byte(addr)))
}
