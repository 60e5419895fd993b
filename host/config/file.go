package config

// The file as written. Everything is text or a list of text, so that a wrong form is our error with our hint.
type file struct {
	Listen      string          `yaml:"listen"`
	Data        string          `yaml:"data"`
	Certificate fileCertificate `yaml:"certificate"`
	Plugins     []filePlugin    `yaml:"plugins"`
	Connectors  []fileConnector `yaml:"connectors"`
}

type filePlugin struct {
	Path        string         `yaml:"path"`
	SHA256      string         `yaml:"sha256"`
	Environment map[string]any `yaml:"environment"`
}

type fileCertificate struct {
	CertFile string `yaml:"certFile"`
	KeyFile  string `yaml:"keyFile"`
}

type fileConnector struct {
	Name            string          `yaml:"name"`
	Kind            string          `yaml:"kind"`
	SecretTokenFile string          `yaml:"secretTokenFile"`
	SecondTokenFile string          `yaml:"secondTokenFile"`
	Autosync        string          `yaml:"autosync"`
	DeltaInterval   string          `yaml:"deltaInterval"`
	Writers         *int            `yaml:"writers"`
	Settings        map[string]any  `yaml:"settings"`
	Objects         fileObjects     `yaml:"objects"`
	Deprovision     fileDeprovision `yaml:"deprovision"`
	Import          fileImport      `yaml:"import"`
	DeleteBudget    fileBudget      `yaml:"deleteBudget"`
}

type fileObjects struct {
	User  *fileObject `yaml:"User"`
	Group *fileObject `yaml:"Group"`
}

type fileObject struct {
	Object     string            `yaml:"object"`
	Anchor     any               `yaml:"anchor"` // one name or a list
	DN         string            `yaml:"dn"`
	Attributes []string          `yaml:"attributes"`
	Core       map[string]string `yaml:"core"`
	Match      []string          `yaml:"match"`
}

type fileDeprovision struct {
	Disable         string `yaml:"disable"`
	Delete          string `yaml:"delete"`
	Attribute       string `yaml:"attribute"`
	Value           any    `yaml:"value"`
	Restore         any    `yaml:"restore"`
	DeleteAttribute string `yaml:"deleteAttribute"`
	DeleteValue     any    `yaml:"deleteValue"`
}

type fileImport struct {
	ShrinkLimit string `yaml:"shrinkLimit"`
}

type fileBudget struct {
	Count  *int   `yaml:"count"`
	Window string `yaml:"window"`
}
