package sim

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of uploads (docs 90253, 91770, 101463), in bytes.
const (
	mediaKept     = 3 * 24 * time.Hour
	minMedia      = 6 // more than 5
	maxWhole      = 20 << 20
	maxFileName   = 256
	webhookVoice  = "voice"
	webhookFile   = "file"
	mediaImage    = "image"
	mediaVoice    = "voice"
	mediaVideo    = "video"
	mediaFile     = "file"
	mediaMsgTypes = "image voice video file"
)

// mediaLimits is how large each kind may be, and the names it may have.
var mediaLimits = map[string]struct {
	max  int
	exts []string
}{
	mediaImage: {10 << 20, []string{".jpg", ".jpeg", ".png"}},
	mediaVoice: {2 << 20, []string{".amr"}},
	mediaVideo: {10 << 20, []string{".mp4"}},
	mediaFile:  {20 << 20, nil},
}

// stored is a file the platform keeps: uploaded by the bot's house under a media_id, or
// sent by a person.
type stored struct {
	kind  string
	name  string
	data  []byte
	at    time.Time
	until time.Time
	owner string // "app", "webhook:KEY" or "bot": who may send it
}

// store keeps a file and returns its id. The caller holds mu.
func (s *Sim) store(f stored) string {
	id := alnum(64)
	f.at, f.until = s.now, s.now.Add(mediaKept)
	s.stored[id] = &f
	return id
}

// show is how a kept file looks in the transcript. The caller holds mu.
func (s *Sim) showFile(id string) *file {
	f := s.stored[id]
	return &file{Name: f.name, Size: len(f.data), Src: "/sim/media/" + id}
}

// media finds what owner uploaded as kind under id, or says 40007.
func (s *Sim) mediaOwned(id, kind, owner string) (*file, verdict) {
	f := s.stored[id]
	if f == nil || f.kind != kind || f.owner != owner || !s.now.Before(f.until) {
		return nil, refuse(40007, "%s.media_id", kind)
	}
	return s.showFile(id), accepted
}

// mediaUpload: POST media/upload?type=image|voice|video|file, one part "media".
func (s *Sim) mediaUpload(c call) verdict {
	return s.takeUpload(c, "app", mediaImage, mediaVoice, mediaVideo, mediaFile)
}

// webhookUpload: POST webhook/upload_media?key=KEY&type=file|voice.
func (s *Sim) webhookUpload(c call) verdict {
	key := c.r.URL.Query().Get("key")
	if s.groupOf(key) == "" {
		return refuse(93000, "")
	}
	return s.takeUpload(c, "webhook:"+key, webhookFile, webhookVoice)
}

func (s *Sim) takeUpload(c call, owner string, kinds ...string) verdict {
	kind := c.r.URL.Query().Get("type")
	if !slices.Contains(kinds, kind) {
		return refuse(40005, "")
	}
	name, data, err := readForm(c)
	if err != nil {
		return refuse(44001, "%v", err)
	}
	if v := s.checkMedia(kind, name, len(data), mediaLimits[kind].max); v.code != 0 {
		return v
	}
	id := s.store(stored{kind: kind, name: name, data: data, owner: owner})
	return verdict{
		more: map[string]any{"type": kind, "media_id": id, "created_at": strconv.FormatInt(s.now.Unix(), 10)},
		note: encode(map[string]any{"type": kind, "filename": name, "size": len(data)}),
	}
}

// checkMedia is what holds for every upload.
func (s *Sim) checkMedia(kind, name string, size, most int) verdict {
	limits := mediaLimits[kind]
	switch {
	case size == 0:
		return refuse(44001, "")
	case size < minMedia:
		return refuse(40006, "")
	case size > most:
		return refuse(s.o.Switches.TooLarge, "")
	case limits.exts != nil && !slices.Contains(limits.exts, strings.ToLower(path.Ext(name))):
		return refuse(40004, "")
	}
	return accepted
}

// readForm finds the part "media"; without a filename it counts as empty.
func readForm(c call) (name string, data []byte, err error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return "", nil, errors.New("not a multipart form")
	}
	form := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			return "", nil, errors.New("no part media")
		}
		if part.FormName() != "media" {
			continue
		}
		if part.FileName() == "" {
			return "", nil, errors.New("no filename")
		}
		data, err = io.ReadAll(part)
		return part.FileName(), data, err
	}
}

// mediaGet: GET media/get?media_id=…, the raw bytes, by Range if over 20 MB.
func (s *Sim) mediaGet(c call) verdict {
	f := s.stored[c.r.URL.Query().Get("media_id")]
	switch {
	case f == nil || !s.now.Before(f.until) || f.owner != "app":
		return refuse(40007, "")
	case len(f.data) > maxWhole && c.r.Header.Get("Range") == "":
		return refuse(830002, "")
	}
	return verdict{file: f}
}

// serve answers with the file, or the range asked for.
func (f *stored) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(f.name))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}

// getShown: GET /sim/media/{id}, for the page: pictures to look at, files to keep.
func (s *Sim) getShown(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f := s.stored[r.PathValue("id")]
	s.mu.Unlock()
	if f == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	kind := http.DetectContentType(f.data)
	if f.kind != mediaImage || !strings.HasPrefix(kind, "image/") || strings.Contains(kind, "svg") {
		f.serve(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}
