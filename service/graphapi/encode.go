package graphapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// worthZipping is the size from which on an answer is compressed: what is smaller fits into a packet anyway.
const worthZipping = 1 << 10

// encoded makes the writer that gives the answer the form the client asked for: without annotations, compressed. done is called at
// the end.
func encoded(w http.ResponseWriter, r *http.Request) (out http.ResponseWriter, done func()) {
	done = func() {}
	if r.Method == http.MethodHead {
		return w, done
	}
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		z := &zipped{ResponseWriter: w}
		w, done = z, z.close
	}
	if takesNoMetadata(r.Header.Get("Accept")) {
		b, rest := &bare{ResponseWriter: w}, done
		w, done = b, func() { b.close(); rest() }
	}
	return w, done
}

// takesGzip reads Accept-Encoding (RFC 9110 §12.5.3).
func takesGzip(accept string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.ToLower(strings.TrimSpace(item)), ";")
		if name = strings.TrimSpace(name); name != "gzip" && name != "x-gzip" && name != "*" {
			continue
		}
		q, given := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if f, err := strconv.ParseFloat(q, 64); !given || err == nil && f > 0 {
			return true
		}
	}
	return false
}

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is one there is
	return z
}}

// zipped compresses answers with gzip once they have grown so large that it pays.
type zipped struct {
	http.ResponseWriter
	status int
	held   []byte // the beginning, until it is known whether it pays
	zip    *gzip.Writer
	begun  bool
}

func (z *zipped) Unwrap() http.ResponseWriter { return z.ResponseWriter }

func (z *zipped) WriteHeader(status int) {
	if z.status == 0 {
		z.status = status
	}
}

func (z *zipped) Write(b []byte) (int, error) {
	z.WriteHeader(http.StatusOK)
	if !z.begun {
		if len(z.held)+len(b) < worthZipping {
			z.held = append(z.held, b...)
			return len(b), nil
		}
		if err := z.begin(true); err != nil {
			return 0, err
		}
	}
	if z.zip != nil {
		return z.zip.Write(b)
	}
	return z.ResponseWriter.Write(b)
}

// begin sends the header and what was held.
func (z *zipped) begin(large bool) (err error) {
	z.begun = true
	h := z.Header()
	h.Add("Vary", "Accept-Encoding")
	if large && h.Get("Content-Encoding") == "" && z.status != http.StatusNoContent {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
		z.zip, _ = zippers.Get().(*gzip.Writer)
		z.zip.Reset(z.ResponseWriter)
	}
	if z.status != 0 {
		z.ResponseWriter.WriteHeader(z.status)
	}
	if len(z.held) == 0 {
		return nil
	}
	if z.zip != nil {
		_, err = z.zip.Write(z.held)
	} else {
		_, err = z.ResponseWriter.Write(z.held)
	}
	return err
}

// FlushError sends what there is, for answers that are read line by line while they grow.
func (z *zipped) FlushError() error {
	if !z.begun {
		if err := z.begin(true); err != nil {
			return err
		}
	}
	if z.zip != nil {
		if err := z.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(z.ResponseWriter).Flush()
}

// close ends the answer. A client that has gone is told nothing.
func (z *zipped) close() {
	if !z.begun {
		_ = z.begin(false)
	}
	if z.zip != nil {
		_ = z.zip.Close()
		zippers.Put(z.zip)
	}
}

// takesNoMetadata reads the media type's parameter of OData JSON §3.1.
func takesNoMetadata(accept string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		if _, params, err := mime.ParseMediaType(item); err == nil && strings.EqualFold(params["odata.metadata"], "none") {
			return true
		}
	}
	return false
}

// bare leaves the annotations out of an answer, but those that a client cannot do without: links and counts.
type bare struct {
	http.ResponseWriter
	status int
	held   bytes.Buffer
	passes bool // it is no success in JSON, and goes as it is
}

func (b *bare) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *bare) WriteHeader(status int) {
	if b.status != 0 {
		return
	}
	b.status = status
	if b.passes = status >= 300 || b.Header().Get("Content-Type") != jsonContent; b.passes {
		b.ResponseWriter.WriteHeader(status)
	}
}

func (b *bare) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	if b.passes {
		return b.ResponseWriter.Write(p)
	}
	return b.held.Write(p)
}

func (b *bare) close() {
	if b.passes || b.status == 0 {
		return
	}
	out := b.held.Bytes()
	d := json.NewDecoder(bytes.NewReader(out))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err == nil {
		strip(v)
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if enc.Encode(v) == nil {
			out = text.Bytes()
			b.Header().Set("Content-Type", strings.Replace(jsonContent, "=minimal", "=none", 1))
		}
	}
	b.ResponseWriter.WriteHeader(b.status)
	_, _ = b.ResponseWriter.Write(out) // the client has gone; there is nobody to tell
}

// strip takes @odata.context, @odata.type and their like out of a value.
func strip(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if _, kind, ok := strings.Cut(name, "@odata."); ok && kind != "nextLink" && kind != "deltaLink" && kind != "count" {
				delete(v, name)
				continue
			}
			strip(x)
		}
	case []any:
		for _, x := range v {
			strip(x)
		}
	}
}
