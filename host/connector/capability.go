package connector

// ExportShape is the form in which a connector wants the edits of an update.
type ExportShape string

// The three shapes. The host turns every update into the one that the connector asks for.
const (
	AttributeUpdate  ExportShape = "attribute-update"  // Add, Replace and Remove as they are: the smallest change
	AttributeReplace ExportShape = "attribute-replace" // only Replace: each changed attribute with all its values
	ObjectReplace    ExportShape = "object-replace"    // only Replace: every writable attribute, changed or not
)

// DNStyle says how an object type's names are spelled.
type DNStyle string

// The styles of a distinguished name.
const (
	DNNone    DNStyle = ""        // there is none; the host makes CN=<anchor>,OBJECT=<TYPE>
	DNGeneric DNStyle = "Generic" // an attribute holds a name without structure
	DNLDAP    DNStyle = "LDAP"    // an attribute holds an RFC 4514 distinguished name with a place in a tree
)

// Capabilities is what a connector, or one session of it, can do beyond reading everything.
type Capabilities struct {
	Export      bool        `json:"export"`          // implements Exporter
	Shape       ExportShape `json:"shape,omitempty"` // "" when Export is false
	Batch       int         `json:"batch"`           // most writes of one BatchExporter call; 0: no batches
	Delta       bool        `json:"delta"`           // implements DeltaImporter
	Deletions   bool        `json:"deletions"`       // ImportSince tells of deletions too; without it only a full import does
	Push        bool        `json:"push"`            // implements Watcher
	Lookup      bool        `json:"lookup"`          // implements Lookup
	Password    bool        `json:"password"`        // implements PasswordSetter
	OldPassword bool        `json:"oldPassword"`     // implements PasswordChanger
	Partitions  bool        `json:"partitions"`      // implements Partitioner
	Hierarchy   bool        `json:"hierarchy"`       // implements Hierarchy
	Rename      bool        `json:"rename"`          // Update may change the anchor or the DN
	DN          DNStyle     `json:"dn,omitempty"`
	Count       bool        `json:"count"` // implements Counter
	Test        bool        `json:"test"`  // implements Tester or StagedTester
	Writers     int         `json:"writers"`
	Limited     bool        `json:"limited"` // Writers is the target's opinion (Limits), and not only the least

	// Excuses say why something is missing, by its name in JSON: "delta": "no history table is configured". The conformance kit
	// wants one for everything a connector that writes cannot do, and none for what it can.
	Excuses map[string]string `json:"excuses,omitempty"`
}

// Ability is one capability by name.
type Ability struct {
	Name string // as in JSON
	For  string // what it is, for people
	Has  bool
}

// Abilities lists the capabilities that a connector either has or lacks, in a fixed order.
func (c Capabilities) Abilities() []Ability {
	return []Ability{
		{"export", "create, update and delete objects", c.Export},
		{"batch", "write many objects at once", c.Batch > 0},
		{"delta", "import only what changed", c.Delta},
		{"deletions", "see deletions among the changes", c.Deletions},
		{"push", "be told of changes at once", c.Push},
		{"lookup", "read single objects from the target", c.Lookup},
		{"password", "set passwords", c.Password},
		{"oldPassword", "change passwords that need the old one", c.OldPassword},
		{"rename", "rename and move objects", c.Rename},
		{"partitions", "list the parts of the target", c.Partitions},
		{"hierarchy", "list the containers of the target", c.Hierarchy},
		{"count", "count objects beforehand", c.Count},
		{"test", "test the connection step by step", c.Test},
	}
}

// Describer states what the optional interfaces do not show. A session (or a driver, for what all its sessions have) returns
// what it knows; CapabilitiesOf fills in the rest from its interfaces.
//
// A session may also use it to deny an interface that its Go type has, because the configuration does not provide for it: a
// type that implements DeltaImporter while no change table is configured says Delta false. So once a session describes
// itself, its booleans are believed as they are, provided that the interface is there.
type Describer interface {
	Capabilities() Capabilities
}

// defaultBatch is the size of a batch when a BatchExporter does not say.
const defaultBatch = 100

// CapabilitiesOf returns what x, a Driver or a Session, can do: its interfaces, narrowed and completed by its Describer.
func CapabilitiesOf(x any) Capabilities {
	d, described := x.(Describer)
	if !described {
		return finish(found(x))
	}
	said := d.Capabilities()
	if _, driver := x.(Driver); driver {
		return finish(said) // a driver has no session's interfaces: it can only say
	}
	return finish(narrow(said, found(x)))
}

// found derives what the optional interfaces of x show.
func found(x any) Capabilities {
	c := Capabilities{
		Export: implements[Exporter](x), Delta: implements[DeltaImporter](x), Deletions: implements[DeltaImporter](x), Push: implements[Watcher](x),
		Lookup: implements[Lookup](x), Password: implements[PasswordSetter](x), OldPassword: implements[PasswordChanger](x),
		Partitions: implements[Partitioner](x), Hierarchy: implements[Hierarchy](x), Count: implements[Counter](x),
		Test: implements[Tester](x) || implements[StagedTester](x), Writers: 1, Rename: true,
	}
	if implements[BatchExporter](x) {
		c.Batch = defaultBatch
	}
	if l, ok := x.(Limits); ok {
		c.Writers, c.Limited = l.Writers(), true
	}
	return c
}

func implements[T any](x any) bool { _, ok := x.(T); return ok }

// narrow keeps of what was said only what the interfaces bear out.
func narrow(said, has Capabilities) Capabilities {
	said.Export = said.Export && has.Export
	said.Delta = said.Delta && has.Delta
	said.Deletions = said.Deletions && said.Delta
	said.Push = said.Push && has.Push && said.Delta
	said.Lookup = said.Lookup && has.Lookup
	said.Password = said.Password && has.Password
	said.OldPassword = said.OldPassword && has.OldPassword
	said.Partitions = said.Partitions && has.Partitions
	said.Hierarchy = said.Hierarchy && has.Hierarchy
	said.Count = said.Count && has.Count
	said.Test = said.Test && has.Test
	if has.Batch == 0 {
		said.Batch = 0
	}
	if said.Writers == 0 {
		said.Writers, said.Limited = has.Writers, has.Limited
	} else {
		said.Limited = true
	}
	return said
}

func finish(c Capabilities) Capabilities {
	switch {
	case !c.Export:
		c.Shape, c.Batch, c.Rename = "", 0, false
	case c.Shape == "":
		c.Shape = AttributeUpdate
	}
	c.Writers = max(c.Writers, 1)
	return c
}
