#pragma once

#include "model/jinja/scope.h"

namespace winnow::model::jinja {

// Puts what every template may call into `scope`: range, dict, namespace, and transformers'
// raise_exception and strftime_now.
void AddGlobals(Scope* scope);

}  // namespace winnow::model::jinja
