package sim

import (
	"embed"
	"io/fs"
	"net/http"
)

// pageFiles is the chat page: plain HTML, CSS and JavaScript, nothing from outside.
//
//go:embed page
var pageFiles embed.FS

func (s *Sim) pageRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic("sim: page: " + err.Error()) // embedded: cannot be missing
	}
	serve := http.FileServerFS(files)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}
