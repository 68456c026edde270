package sim

import (
	"crypto/md5" // #nosec: the platform's check sum
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Limits of uploads over the long connection (doc 101463).
const (
	uploadsPerMinute = 30
	uploadsPerHour   = 1000
	uploadLife       = 30 * time.Minute
	maxChunk         = 512 << 10 // bytes before base64
	maxChunks        = 100
	minUpload        = 5
)

// lineUpload is a file on its way, in pieces. It survives a reconnect.
type lineUpload struct {
	kind, name, md5 string
	size            int
	chunks          [][]byte
	until           time.Time
}

func (s *Sim) uploadInit(f frame) verdict {
	var in struct {
		Type     string `json:"type"`
		FileName string `json:"filename"`
		Size     int    `json:"total_size"`
		Chunks   int    `json:"total_chunks"`
		MD5      string `json:"md5"`
	}
	if v, ok := decode(f.Body, &in); !ok {
		return v
	}
	limits, known := mediaLimits[in.Type]
	most := limits.max
	if in.Type == mediaImage && s.o.Switches.LineImage > 0 {
		most = s.o.Switches.LineImage
	}
	switch {
	case !known:
		return refuse(40005, "")
	case in.FileName == "" || len(in.FileName) > maxFileName:
		return refuse(40058, "filename exceed max length %d", maxFileName)
	case in.Size < minUpload:
		return refuse(40006, "")
	case in.Size > most:
		return refuse(s.o.Switches.TooLarge, "")
	case in.Chunks < 1 || in.Chunks > maxChunks || in.Chunks > in.Size:
		return refuse(40058, "total_chunks must be 1 to %d", maxChunks)
	}
	if !s.meterOf("upload", window{limit: uploadsPerMinute, span: time.Minute}, window{limit: uploadsPerHour, span: time.Hour}).take(s.now) {
		return refuse(s.o.Switches.OverLimit, "")
	}
	id := alnum(32)
	s.uploads[id] = &lineUpload{in.Type, in.FileName, in.MD5, in.Size, make([][]byte, in.Chunks), s.now.Add(uploadLife)}
	return verdict{more: map[string]any{"upload_id": id}}
}

func (s *Sim) uploadOf(id string) *lineUpload {
	u := s.uploads[id]
	if u == nil || !s.now.Before(u.until) {
		return nil
	}
	return u
}

// uploadChunk takes one piece: any order, twice without harm.
func (s *Sim) uploadChunk(c *conn, f frame) verdict {
	var in struct {
		ID    string `json:"upload_id"`
		Index int    `json:"chunk_index"`
		Data  string `json:"base64_data"`
	}
	if v, ok := decode(f.Body, &in); !ok {
		return v
	}
	u := s.uploadOf(in.ID)
	if u == nil {
		return refuse(40058, "upload_id is unknown or expired")
	}
	i := in.Index - s.o.Switches.ChunkBase
	if i < 0 || i >= len(u.chunks) {
		return refuse(40058, "chunk_index")
	}
	raw, err := base64.StdEncoding.DecodeString(in.Data)
	if err != nil || len(raw) == 0 || len(raw) > maxChunk {
		return refuse(40058, "base64_data must be 1 to %d bytes", maxChunk)
	}
	if n := s.o.Switches.ParallelChunks; n > 0 && c.chunks >= n {
		return refuse(-1, "system error")
	}
	u.chunks[i] = raw
	return accepted
}

func (s *Sim) uploadFinish(f frame) verdict {
	var in struct {
		ID string `json:"upload_id"`
	}
	if v, ok := decode(f.Body, &in); !ok {
		return v
	}
	u := s.uploadOf(in.ID)
	if u == nil {
		return refuse(40058, "upload_id is unknown or expired")
	}
	var data []byte
	for _, c := range u.chunks {
		if c == nil {
			return refuse(40058, "chunks are missing")
		}
		data = append(data, c...)
	}
	if len(data) != u.size {
		return refuse(40058, "total_size")
	}
	if sum := md5.Sum(data); u.md5 != "" && !strings.EqualFold(u.md5, hex.EncodeToString(sum[:])) {
		return refuse(301019, "")
	}
	delete(s.uploads, in.ID)
	id := s.store(stored{kind: u.kind, name: u.name, data: data, owner: "bot"})
	return verdict{more: map[string]any{"type": u.kind, "media_id": id, "created_at": strconv.FormatInt(s.now.Unix(), 10)}}
}
