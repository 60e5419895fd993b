package graphschema

import (
	"encoding/json"
	"reflect"
	"slices"
)

// sameJSON reports whether two texts hold the same JSON.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// merge takes over from a schema that a client wrote what the rules do not hold.
func merge(fresh, kept Schema) Schema {
	fresh.ID, fresh.Version = kept.ID, kept.Version
	if len(kept.Rules) == 1 {
		fresh.Rules[0] = mergeRule(fresh.Rules[0], kept.Rules[0])
		rename(fresh.Directories, fresh.Rules[0])
	}
	for _, d := range kept.Directories {
		i := slices.IndexFunc(fresh.Directories, func(x Directory) bool { return x.Name == d.Name })
		if i < 0 {
			fresh.Directories = append(fresh.Directories, d)
			continue
		}
		fresh.Directories[i] = mergeDirectory(fresh.Directories[i], d)
	}
	return fresh
}

// rename gives the two directories the names the kept rule calls them by.
func rename(ds []Directory, r Rule) {
	for i := range ds {
		switch ds[i].Name {
		case SourceDirectory:
			ds[i].Name = r.SourceDirectory
		case TargetDirectory:
			ds[i].Name = r.TargetDirectory
		}
	}
}

func mergeRule(fresh, kept Rule) Rule {
	objects := fresh.Objects
	fresh = kept
	fresh.Objects = objects
	for _, k := range kept.Objects {
		i := slices.IndexFunc(objects, func(x ObjectMapping) bool { return x.Source == k.Source })
		if i < 0 {
			if !k.Enabled || len(k.FlowTypes) == 0 {
				fresh.Objects = append(fresh.Objects, k)
			}
			continue
		}
		fresh.Objects[i] = mergeObject(fresh.Objects[i], k)
	}
	return fresh
}

func mergeObject(fresh, kept ObjectMapping) ObjectMapping {
	fresh.Name = kept.Name
	for _, p := range kept.Metadata {
		if p.Key != matchRules {
			fresh.Metadata = append(fresh.Metadata, p)
		}
	}
	if kept.Scope != nil && len(kept.Scope.Categories) > 0 {
		if fresh.Scope == nil {
			fresh.Scope = &Filter{Groups: []FilterGroup{}, Input: []FilterGroup{}}
		}
		fresh.Scope.Categories = kept.Scope.Categories
	}
	for i, x := range fresh.Attributes {
		j := slices.IndexFunc(kept.Attributes, func(k AttributeMapping) bool { return k.Target == x.Target })
		if j >= 0 {
			fresh.Attributes[i].FlowBehavior, fresh.Attributes[i].ExportMissing = kept.Attributes[j].FlowBehavior, kept.Attributes[j].ExportMissing
		}
	}
	return fresh
}

// mergeDirectory keeps what a client described; what the rules know besides is added.
func mergeDirectory(fresh, kept Directory) Directory {
	for _, o := range fresh.Objects {
		i := slices.IndexFunc(kept.Objects, func(x Object) bool { return x.Name == o.Name })
		if i < 0 {
			kept.Objects = append(slices.Clone(kept.Objects), o)
			continue
		}
		kept.Objects = slices.Clone(kept.Objects)
		kept.Objects[i].Attributes = mergeAttributes(o.Attributes, kept.Objects[i].Attributes)
	}
	return kept
}

func mergeAttributes(fresh, kept []Attribute) []Attribute {
	out := slices.Clone(kept)
	for _, x := range fresh {
		i := slices.IndexFunc(out, func(k Attribute) bool { return k.Name == x.Name })
		switch {
		case i < 0 && !x.Anchor:
			out = append(out, x)
		case i >= 0:
			out[i] = mergeAttribute(x, out[i])
		}
	}
	return out
}

// mergeAttribute lets the rules' own knowledge win, unless it is a guess.
func mergeAttribute(fresh, kept Attribute) Attribute {
	if slices.ContainsFunc(fresh.Metadata, func(p Pair) bool { return p.Key == guess }) || kept.Anchor {
		return kept
	}
	kept.Type, kept.MultiValued, kept.Required, kept.CaseExact, kept.Mutability = fresh.Type, fresh.MultiValued, fresh.Required, fresh.CaseExact, fresh.Mutability
	kept.FlowNullValues = fresh.FlowNullValues
	return kept
}
