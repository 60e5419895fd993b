package scimserver

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

// discover answers the discovery endpoints (RFC 7644 §4): they are never filtered, and show what the whole handler keeps.
func (c *call) discover() (answer, error) {
	if c.params.hasFilter {
		return answer{}, refuse(http.StatusForbidden, "", "a filter is not allowed on discovery endpoints")
	}
	var ok bool
	b := c.out[:0]
	switch c.route.place {
	case providerConfig:
		b, ok = c.appendConfig(b), true
	case schemas:
		b, ok = c.appendSchemas(b), true
	case resourceTypes:
		b, ok = c.appendTypes(b), true
	case schemaOne:
		b, ok = c.appendSchema(b, c.route.id)
	case resourceTypeOne:
		b, ok = c.appendType(b, c.route.id)
	}
	c.out = b
	if !ok {
		return answer{}, refuse(http.StatusNotFound, "", "there is no %q here", c.route.id)
	}
	return answer{status: http.StatusOK, body: b}, nil
}

// allSchemas returns the schemas of all resource types, each once, the core ones first.
func (h *Handler) allSchemas() []scim.Schema {
	var list []scim.Schema
	seen := map[string]bool{}
	add := func(s scim.Schema) {
		if id := strings.ToLower(s.ID); !seen[id] {
			seen[id] = true
			list = append(list, s)
		}
	}
	for _, k := range h.kinds {
		add(k.Core)
	}
	for _, k := range h.kinds {
		for _, x := range k.Extensions {
			add(x)
		}
	}
	return list
}

func (c *call) appendSchemas(b []byte) []byte {
	all := c.h.allSchemas()
	b = scim.List{Total: len(all), Start: 1, Items: len(all)}.AppendHead(b)
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = scim.AppendSchema(b, s, c.url+"/Schemas/"+s.ID)
	}
	return scim.AppendListEnd(b)
}

func (c *call) appendSchema(b []byte, urn string) ([]byte, bool) {
	for _, s := range c.h.allSchemas() {
		if strings.EqualFold(s.ID, urn) {
			return scim.AppendSchema(b, s, c.url+"/Schemas/"+s.ID), true
		}
	}
	return b, false
}

func (c *call) appendTypes(b []byte) []byte {
	b = scim.List{Total: len(c.h.kinds), Start: 1, Items: len(c.h.kinds)}.AppendHead(b)
	for i, k := range c.h.kinds {
		if i > 0 {
			b = append(b, ',')
		}
		b = k.AppendType(b, c.typeLocation(k))
	}
	return scim.AppendListEnd(b)
}

func (c *call) appendType(b []byte, name string) ([]byte, bool) {
	if k := c.h.kindNamed(name); k != nil {
		return k.AppendType(b, c.typeLocation(k)), true
	}
	return b, false
}

func (c *call) typeLocation(k *kind) string { return c.url + "/ResourceTypes/" + string(k.Name) }

// KeysURN names our extension of the ServiceProviderConfig: it says that a POST may be sent again under its Idempotency-Key.
// Clients that do not know it ignore it; ours sends keys to no server that does not say so.
const KeysURN = "urn:sallyport:params:scim:schemas:extension:2.0:ServiceProviderConfig"

// appendConfig writes /ServiceProviderConfig with every part that any client looks for, whether the feature is on or not.
func (c *call) appendConfig(b []byte) []byte {
	l, d := &c.h.config.Limits, &c.h.config.Docs
	b = append(b, `{"schemas":["`+scim.ConfigURN+`","`+KeysURN+`"],"`+KeysURN+`":{"idempotencyKey":true}`...)
	if d.URI != "" {
		b = scim.AppendString(append(b, `,"documentationUri":`...), d.URI)
	}
	b = append(b, `,"patch":{"supported":true},"bulk":{"supported":true,"maxOperations":`...)
	b = strconv.AppendInt(b, int64(l.BulkOperations), 10)
	b = append(b, `,"maxPayloadSize":`...)
	b = strconv.AppendInt(b, l.Body, 10)
	b = append(b, `},"filter":{"supported":true,"maxResults":`...)
	b = strconv.AppendInt(b, int64(l.MaxPageSize), 10)
	b = append(b, `},"changePassword":{"supported":`...)
	b = strconv.AppendBool(b, d.ChangePassword)
	b = append(b, `},"sort":{"supported":true},"etag":{"supported":true}`...)
	b = append(b, `,"pagination":{"cursor":true,"index":true,"defaultPaginationMethod":"index","defaultPageSize":`...)
	b = strconv.AppendInt(b, int64(l.PageSize), 10)
	b = append(b, `,"maxPageSize":`...)
	b = strconv.AppendInt(b, int64(l.MaxPageSize), 10)
	b = append(b, `,"cursorTimeout":`...)
	b = strconv.AppendInt(b, int64(l.CursorAge.Seconds()), 10)
	b = append(b, '}')
	b = c.h.config.Async.appendConfig(b)
	b = c.appendScheme(b)
	b = append(b, `,"meta":{"resourceType":"ServiceProviderConfig","location":`...)
	b = scim.AppendString(b, c.url+"/ServiceProviderConfig")
	return append(b, "}}"...)
}

func (c *call) appendScheme(b []byte) []byte {
	d := &c.h.config.Docs
	b = append(b, `,"authenticationSchemes":[{"type":"oauthbearertoken","name":`...)
	b = scim.AppendString(b, d.AuthName)
	b = scim.AppendString(append(b, `,"description":`...), d.AuthDescription)
	b = append(b, `,"specUri":"https://www.rfc-editor.org/info/rfc6750"`...)
	if d.AuthURI != "" {
		b = scim.AppendString(append(b, `,"documentationUri":`...), d.AuthURI)
	}
	return append(b, `,"primary":true}]`...)
}
