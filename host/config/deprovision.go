package config

var flows = map[string]Flow{"": FlowNone, "none": FlowNone, "delete": FlowDelete, "set": FlowSet}

func (r *reader) deprovision(at func(...any) []any, f fileDeprovision) Deprovision {
	d := Deprovision{Attribute: f.Attribute, DeleteAttribute: orElse(f.DeleteAttribute, f.Attribute)}
	d.Disable = r.flow(at("deprovision", "disable"), f.Disable)
	d.Delete = r.flow(at("deprovision", "delete"), f.Delete)
	d.Value = r.scalar(at("deprovision", "value"), f.Value)
	d.Restore = r.scalar(at("deprovision", "restore"), f.Restore)
	d.DeleteValue = orElse(r.scalar(at("deprovision", "deleteValue"), f.DeleteValue), d.Value)
	if d.Disable == FlowSet && (d.Attribute == "" || d.Value == "") {
		r.wrong(at("deprovision"), "add attribute: and value: for the attribute that marks a disabled person", "disable: set does not say what to set")
	}
	if d.Delete == FlowSet && (d.DeleteAttribute == "" || d.DeleteValue == "") {
		r.wrong(at("deprovision"), "add attribute: and value:, or deleteAttribute: and deleteValue:", "delete: set does not say what to set")
	}
	return d
}

func (r *reader) flow(at []any, s string) Flow {
	f, ok := flows[s]
	if !ok {
		r.wrong(at, "use none, delete or set", "%q is not a flow", s)
	}
	return f
}

func (r *reader) scalar(at []any, v any) string {
	s, ok := text(v)
	if !ok {
		r.wrong(at, "write a text, a number, true or false", "this value is a structure")
	}
	return s
}
