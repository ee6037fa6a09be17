package scenarios

import _ "embed"

//go:embed starter/rehearse.yaml
var starter string

// SchemaFile is what the starter calls the schema beside it.
const SchemaFile = "rehearse.schema.json"

// Starter is the text of a short scenario to start from, which expects the schema beside it in [SchemaFile].
func Starter() []byte { return []byte(starter) }
