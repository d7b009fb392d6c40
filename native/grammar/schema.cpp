#include "grammar/schema.h"

namespace lt::grammar {

Expression texts_of_schema(std::string_view, SchemaOptions, Expressions&) {
  throw SchemaError("$schema", "", "schema: JSON Schemas are not built yet");
}

}  // namespace lt::grammar
