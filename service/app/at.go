package app

// At returns where a key stands in an application file's text, by its path as mistakes name it: "objects[0].mappings[3].target".
// Line and column count from 1; both are 0 when the text has no such key.
func At(data []byte, path string) (line, column int) {
	d := decoder{places: map[string]place{}}
	var a App
	if root := d.read(data); root != nil {
		d.decode(root, "", &a)
	}
	p := d.places[path]
	return p.line, p.column
}
