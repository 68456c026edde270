package wecom

import (
	"context"
	"crypto/md5" //nolint:gosec // the platform's check sum
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"juwei/handlers"
)

// A file travels over the long connection in three steps (doc path 101463):
//
//	→ {"cmd":"aibot_upload_media_init","body":{"type":"file","filename":"…","total_size":N,"total_chunks":n,"md5":"…"}}   ← {"upload_id"}
//	→ {"cmd":"aibot_upload_media_chunk","body":{"upload_id":"…","chunk_index":0,"base64_data":"…"}}                        ← ack
//	→ {"cmd":"aibot_upload_media_finish","body":{"upload_id":"…"}}                                                        ← {"type","media_id","created_at"}
const (
	cmdUploadInit   = "aibot_upload_media_init"
	cmdUploadChunk  = "aibot_upload_media_chunk"
	cmdUploadFinish = "aibot_upload_media_finish"

	chunkSize     = 512 << 10 // bytes before base64
	maxChunks     = 100
	opUpload      = "upload"
	chunkAttempts = 3
)

// atOnce is how many chunks may be on their way together; more end in "system error".
func atOnce(chunks int) int {
	switch {
	case chunks <= 4:
		return 4
	case chunks <= 10:
		return 3
	}
	return 2
}

// upload brings a file to the platform and returns its media id, good for three days. It
// says nothing to anybody, so its outcome is never unknown. A chunk that fails is sent
// again, after half a second and a second, on the next connection if this one broke: the
// platform takes a chunk twice without harm and keeps an upload for half an hour.
func (l *LongConn) upload(ctx context.Context, kind string, f handlers.File) (string, error) {
	n := (len(f.Data) + chunkSize - 1) / chunkSize
	sum := md5.Sum(f.Data) //nolint:gosec // see the import
	b := append([]byte(nil), `{"type":`...)
	b = appendString(b, kind)
	b = append(b, `,"filename":`...)
	b = appendString(b, fileName(f.Name))
	b = append(b, `,"total_size":`...)
	b = strconv.AppendInt(b, int64(len(f.Data)), 10)
	b = append(b, `,"total_chunks":`...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, `,"md5":`...)
	b = append(appendString(b, hex.EncodeToString(sum[:])), '}')
	var begun struct {
		ID string `json:"upload_id"`
	}
	if err := l.uploadStep(ctx, cmdUploadInit, b, &begun); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		all    sync.WaitGroup
		slots  = make(chan struct{}, atOnce(n))
		once   sync.Once
		failed error
	)
	for i := range n {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			chunk := f.Data[i*chunkSize : min((i+1)*chunkSize, len(f.Data))]
			if err := l.uploadChunk(ctx, begun.ID, i, chunk); err != nil {
				once.Do(func() { failed = err; cancel() })
			}
		})
	}
	all.Wait()
	if failed != nil {
		return "", failed
	}
	var done uploaded
	err := l.uploadStep(ctx, cmdUploadFinish, append(appendString([]byte(`{"upload_id":`), begun.ID), '}'), &done)
	return done.MediaID, err
}

func (l *LongConn) uploadChunk(ctx context.Context, id string, index int, data []byte) (err error) {
	b := appendString([]byte(`{"upload_id":`), id)
	b = append(b, `,"chunk_index":`...)
	b = strconv.AppendInt(b, int64(index), 10)
	b = append(b, `,"base64_data":"`...)
	b = base64.StdEncoding.AppendEncode(b, data)
	b = append(b, `"}`...)
	for attempt := range chunkAttempts {
		if attempt > 0 && !pause(ctx, 500*time.Millisecond<<(attempt-1)) {
			return err
		}
		err = l.uploadStep(ctx, cmdUploadChunk, b, nil)
		var e *Error
		if err == nil || !errors.As(err, &e) || !e.Retryable() {
			return err
		}
	}
	return err
}

// uploadStep makes one step on the connection there is, or the next one.
func (l *LongConn) uploadStep(ctx context.Context, cmd string, body []byte, answer any) error {
	s := l.await(ctx)
	if s == nil {
		return &Error{Op: opUpload, Code: codeNotSubscribed, Msg: "no connection"}
	}
	ack, err := s.exchange(ctx, opUpload, frame{Cmd: cmd, Body: body}, l.newID(cmd))
	if err != nil {
		return err
	}
	if answer != nil && json.Unmarshal(ack.Body, answer) != nil {
		return &Error{Op: opUpload, Msg: "answer has another shape"}
	}
	return nil
}

// uploadBudget bounds an upload: 20 MB in forty frames, with room for a lost connection.
const uploadBudget = time.Minute

// fileBody uploads what content is, if it is a file or picture alone, and returns its body:
//
//	{"msgtype":"file","file":{"media_id":"…"}}
//
// It is empty when content is words.
func (l *LongConn) fileBody(ctx context.Context, op string, content handlers.Content) (string, error) {
	f, picture, err := alone(op, BotLine, content)
	if err != nil || f == nil {
		return "", err
	}
	kind := "file"
	if picture {
		kind = "image"
	}
	ctx, cancel := context.WithTimeout(ctx, uploadBudget)
	defer cancel()
	id, err := l.upload(ctx, kind, *f)
	if err != nil {
		return "", err
	}
	b := append([]byte(nil), `"msgtype":"`+kind+`","`+kind+`":{"media_id":`...)
	return string(append(appendString(b, id), '}')), nil
}
