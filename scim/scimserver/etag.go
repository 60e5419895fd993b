package scimserver

import (
	"net/http"
	"strings"
)

// etag writes a version as a weak entity tag.
func etag(version string) string { return `W/"` + version + `"` }

// tags are the versions of an If-Match or If-None-Match header.
type tags struct {
	given    bool
	any      bool // *
	versions []string
}

// parseTags reads the header lines; tags are compared weakly, and one without quotes is taken as it is.
func parseTags(lines []string) tags {
	t := tags{given: len(lines) > 0}
	for _, line := range lines {
		for line != "" {
			var tag string
			tag, line = nextTag(line)
			switch tag {
			case "":
			case "*":
				t.any = true
			default:
				t.versions = append(t.versions, strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
			}
		}
	}
	return t
}

// nextTag cuts the first tag off a list; commas inside quotes belong to the tag.
func nextTag(list string) (tag, rest string) {
	quoted := false
	for i := range len(list) {
		switch {
		case list[i] == '"':
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return strings.TrimSpace(list[:i]), list[i+1:]
		}
	}
	return strings.TrimSpace(list), ""
}

// hold reports whether the version is among the tags.
func (t tags) hold(version string) bool {
	if t.any {
		return true
	}
	for _, v := range t.versions {
		if v == version {
			return true
		}
	}
	return false
}

func stale(version string) error {
	return refuse(http.StatusPreconditionFailed, "", "the resource has another version by now (%s); read it again", etag(version))
}
