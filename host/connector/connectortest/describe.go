package connectortest

import (
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/host/connector"
)

// excused wants a word for every ability that is missing, and none for one that is there.
func excused(t *trial, h Harness) {
	if _, ok := begin(t, h).Session.(connector.Describer); !ok {
		t.Fatalf("the session is no connector.Describer: it cannot say why it lacks what it lacks")
	}
	known := map[string]bool{}
	for _, a := range t.can.Abilities() {
		known[a.Name] = true
		why := t.can.Excuses[a.Name]
		switch {
		case a.Has && why != "":
			t.Errorf("the connector can %s, and excuses itself for not: %s", a.Name, why)
		case !a.Has && why == "" && a.Name != "oldPassword" && a.Name != "hierarchy" && a.Name != "count" && a.Name != "test":
			t.Errorf("the connector cannot %s (%s) and does not say why in its Capabilities", a.Name, a.For)
		}
	}
	for name := range t.can.Excuses {
		if !known[name] {
			t.Errorf("%q is no ability; an excuse for it means nothing", name)
		}
	}
	for _, c := range Checks() {
		known[c.Name] = true
	}
	for name := range h.Excuses {
		if !known[name] {
			t.Errorf("the harness excuses %q, which is no check", name)
		}
	}
	switch t.can.Shape {
	case "", connector.AttributeUpdate, connector.AttributeReplace, connector.ObjectReplace:
	default:
		t.Errorf("%q is no shape of an export", t.can.Shape)
	}
}

// sound wants every type to make sense in itself.
func sound(t *trial, h Harness) {
	c := begin(t, h)
	s, err := c.Schema(t.ctx)
	if err != nil {
		t.Fatalf("schema: %s", said(err))
	}
	if _, ok := s.Type(h.Type); !ok {
		t.Errorf("there is no type %q", h.Type)
	}
	for _, o := range s.Types {
		soundType(t, s, o)
	}
}

var dataTypes = []connector.DataType{connector.String, connector.Integer, connector.Decimal, connector.Boolean, connector.DateTime,
	connector.Binary, connector.Reference, connector.JSON}

func soundType(t *trial, s connector.Schema, o connector.ObjectType) {
	seen := map[string]bool{}
	for _, a := range o.Attributes {
		switch {
		case a.Name == "":
			t.Errorf("%s has an attribute without a name", o.Name)
		case seen[a.Name]:
			t.Errorf("%s has the attribute %q twice", o.Name, a.Name)
		case !slices.Contains(dataTypes, a.Type):
			t.Errorf("%s.%s has the type %q, which is none", o.Name, a.Name, a.Type)
		case a.ReadOnly && a.WriteOnly:
			t.Errorf("%s.%s can neither be read nor written", o.Name, a.Name)
		case a.Length < 0:
			t.Errorf("%s.%s has the length %d", o.Name, a.Name, a.Length)
		}
		if _, ok := s.Type(a.RefType); a.RefType != "" && !ok {
			t.Errorf("%s.%s points to %q, which is no type", o.Name, a.Name, a.RefType)
		}
		seen[a.Name] = true
	}
	if len(o.Anchor) == 0 {
		t.Errorf("%s has no anchor", o.Name)
	}
	for _, name := range o.Anchor {
		if a, ok := o.Attribute(name); !ok || a.MultiValued || a.WriteOnly {
			t.Errorf("the anchor %s of %s is no single-valued attribute that can be read", name, o.Name)
		}
	}
	if a, ok := o.Attribute(o.DN); o.DN != "" && (!ok || a.Type != connector.String || a.MultiValued) {
		t.Errorf("the DN %s of %s is no single-valued String", o.DN, o.Name)
	}
}

func schema(t *trial, h Harness) {
	c := begin(t, h)
	o := c.object(h.Type)
	for name, want := range map[string]connector.Attribute{
		h.Required: {Type: connector.String, Required: true}, h.Unique: {Type: connector.String, Unique: true},
		h.Text: {Type: connector.String}, h.Flag: {Type: connector.Boolean}, h.Number: {Type: connector.Integer},
		h.When: {Type: connector.DateTime}, h.Bytes: {Type: connector.Binary}, h.Manager: {Type: connector.Reference, RefType: h.Type},
		h.Many: {Type: connector.String, MultiValued: true}, h.Document: {Type: connector.JSON, MultiValued: true},
	} {
		a, ok := o.Attribute(name)
		if name == "" {
			continue
		}
		refType := a.RefType == want.RefType || a.RefType == ""
		if !ok || a.Type != want.Type || a.MultiValued != (want.MultiValued || h.several(name)) || want.Required && !a.Required ||
			want.Unique && !a.Unique || a.ReadOnly || !refType {
			t.Errorf("%s is %+v, want %+v", name, a, want)
		}
	}
	if h.DNSample != nil && o.DN == "" {
		t.Errorf("%s has no DN", h.Type)
	}
}

func tests(t *trial, h Harness) {
	c := begin(t, h)
	n := 0
	if k, ok := c.Session.(connector.Tester); ok {
		n++
		if err := k.Test(t.ctx); err != nil {
			t.Errorf("test: %s", said(err))
		}
	}
	if k, ok := c.Session.(connector.StagedTester); ok {
		for stage := range k.TestStages(t.ctx) {
			n++
			if stage.Name == "" {
				t.Errorf("a stage has no name: %+v", stage)
			}
			if stage.Err != nil {
				t.Errorf("%s: %s", stage.Name, said(stage.Err))
			}
		}
	}
	if n == 0 {
		t.Errorf("%T said it can be tested", c.Session)
	}
	if t.can.Writers < 1 {
		t.Errorf("%d writers", t.can.Writers)
	}
}

func partitions(t *trial, h Harness) {
	c := begin(t, h)
	list, err := c.Session.(connector.Partitioner).Partitions(t.ctx)
	if err != nil {
		t.Fatalf("partitions: %s", said(err))
	}
	seen, selected := map[string]bool{}, 0
	for _, p := range list {
		if p.ID == "" || seen[p.ID] {
			t.Errorf("the partition %+v has no ID of its own", p)
		}
		seen[p.ID] = true
		if p.Selected {
			selected++
		}
	}
	if selected == 0 {
		t.Errorf("none of %v is selected", slices.Sorted(maps.Keys(seen)))
	}
}

// containers wants the top of the tree, and one level below it.
func containers(t *trial, h Harness) {
	c := begin(t, h)
	tree := c.Session.(connector.Hierarchy)
	top, err := tree.Containers(t.ctx, "")
	if err != nil {
		t.Fatalf("containers: %s", said(err))
	}
	if len(top) == 0 {
		t.Errorf("there is nothing at the top of the tree")
	}
	for _, x := range top {
		if x.DN == "" || x.Name == "" {
			t.Errorf("the container %+v has no DN or name", x)
		}
		if _, err := tree.Containers(t.ctx, x.DN); err != nil {
			t.Errorf("below %s: %s", x.DN, said(err))
		}
	}
}
