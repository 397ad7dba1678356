// What a statement's first word tells by itself. Pure.
#pragma once

#include "wire/mysql/keywords.h"
#include "wire/mysql/statement_traits.h"

namespace weir::wire::mysql {

struct FirstWord {
    Verb verb = Verb::other;
    Traits traits = 0;
};
[[nodiscard]] FirstWord first_word_meaning(Keyword keyword);

}  // namespace weir::wire::mysql
