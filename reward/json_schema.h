#pragma once

#include <string>

#include "reward/json_tree.h"

namespace winnow::reward {

// The subset of JSON Schema that the verifier `json` reads: type, required, properties,
// additionalProperties (true or false), items, enum, const, minimum, maximum, exclusiveMinimum,
// exclusiveMaximum, minLength, maxLength, minItems, maxItems. Titles and comments are passed over.

// "" if `schema` is of the subset, else what is wrong with it.
std::string SchemaFault(const JsonNode& schema);
// REQUIRES: SchemaFault(schema).empty().
bool FitsSchema(const JsonNode& value, const JsonNode& schema);

}  // namespace winnow::reward
