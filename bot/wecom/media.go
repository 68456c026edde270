package wecom

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the platform's check sum
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"path"
	"strings"

	"juwei/handlers"
)

// minMedia is what every upload of the platform asks at least, in bytes: more than 5.
const minMedia = 6

// maxDownload is the largest file a person can send a bot, in bytes (doc path 100719).
const maxDownload = 100 << 20

// fitsFile refuses a file the platform would refuse.
func fitsFile(op string, f handlers.File, limit int) error {
	switch {
	case len(f.Data) < minMedia:
		return &Error{Op: op, Code: codeEmptyFile, Msg: "file is empty"}
	case len(f.Data) > limit:
		return &Error{Op: op, Code: codeFileTooLarge, Msg: "file is larger than the channel takes"}
	}
	return nil
}

// fileName is a name as the platform takes one: one line, no path, at most 256 bytes.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '/' || r == '\\' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if ext := path.Ext(name); len(name) > 256 && len(ext) < 16 {
		return prefix(name[:len(name)-len(ext)], 256-len(ext)) + ext
	}
	return prefix(name, 256)
}

// encodeForm writes f as the one part an upload has. Without a file name the platform
// takes it for empty (44001); filelength is what its document shows.
func encodeForm(dst *bytes.Buffer, f handlers.File) (contentType string, err error) {
	w := multipart.NewWriter(dst)
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="media"; filename="%s"; filelength=%d`, fileName(f.Name), len(f.Data)))
	h.Set("Content-Type", "application/octet-stream")
	part, err := w.CreatePart(h)
	if err != nil {
		return "", err
	}
	if _, err = part.Write(f.Data); err != nil {
		return "", err
	}
	return w.FormDataContentType(), w.Close()
}

// uploaded is the answer of every upload.
type uploaded struct {
	MediaID string `json:"media_id"`
}

// uploadTo brings a file to the group behind key (doc path 91770). The media id is good
// for three days and this key only.
func (c *Client) uploadTo(ctx context.Context, key Secret, f handlers.File) (string, error) {
	var res uploaded
	k := call{op: "upload", path: "webhook/upload_media", query: url.Values{"key": {string(key)}, "type": {"file"}}, file: &f, answer: &res, harmless: true}
	if err := c.post(ctx, k, string(key)); err != nil {
		return "", err
	}
	return res.MediaID, nil
}

// upload brings a file to the app (doc path 90253); kind is image or file. The media id is
// good for three days. Uploading says nothing to anybody, so its outcome is never unknown.
func (c *Client) upload(ctx context.Context, kind string, f handlers.File) (string, error) {
	var res uploaded
	k := call{op: "upload", path: "media/upload", query: url.Values{"type": {kind}}, file: &f, answer: &res, harmless: true}
	if err := c.withToken(ctx, k); err != nil {
		return "", err
	}
	return res.MediaID, nil
}

type mediaRef struct {
	MediaID string `json:"media_id"`
}

// inlineImage is a webhook's picture: in the message itself.
type inlineImage struct {
	Base64 string `json:"base64"`
	MD5    string `json:"md5"`
}

func inline(data []byte) *inlineImage {
	sum := md5.Sum(data) //nolint:gosec // see the import
	return &inlineImage{base64.StdEncoding.EncodeToString(data), hex.EncodeToString(sum[:])}
}

// MediaKey reads the aeskey that comes with a file over the long connection; in the
// callback's mode the key is Key of the EncodingAESKey. Padding may be missing.
func MediaKey(aeskey string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(aeskey + strings.Repeat("=", (4-len(aeskey)%4)%4))
	if err != nil || len(key) != 32 {
		return nil, errors.New("media key: not 32 bytes of base64")
	}
	return key, nil
}

// Download fetches what a person sent the bot and decrypts it (doc paths 100719, 101463).
// The address is good for five minutes and is itself the permission: it shows in no error.
// A file over 100 MB is refused. ctx must carry the time budget.
func Download(ctx context.Context, hc *http.Client, addr Secret, key []byte) (handlers.File, error) {
	const op = "download"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(addr), nil)
	if err != nil {
		return handlers.File{}, &Error{Op: op, Msg: "no address"}
	}
	res, err := hc.Do(req)
	if err != nil {
		msg, cause := reason(err, string(addr))
		return handlers.File{}, &Error{Op: op, Msg: msg, cause: cause}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return handlers.File{}, &Error{Op: op, Status: res.StatusCode}
	}
	sealed, err := io.ReadAll(io.LimitReader(res.Body, maxDownload+64))
	if err != nil {
		msg, cause := reason(err, string(addr))
		return handlers.File{}, &Error{Op: op, Msg: msg, cause: cause}
	}
	if len(sealed) > maxDownload+32 {
		return handlers.File{}, &Error{Op: op, Code: codeFileTooLarge, Msg: "over 100 MB"}
	}
	data, err := CBCOpen(key, sealed)
	if err != nil {
		return handlers.File{}, fmt.Errorf("download: %w", err)
	}
	return handlers.File{Name: dispositionName(res.Header.Get("Content-Disposition")), Data: data}, nil
}

// dispositionName is the file's name: filename* first, then filename, percent-decoded.
func dispositionName(header string) string {
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		return ""
	}
	name := params["filename"] // mime has put filename* here, decoded
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	return fileName(name)
}
