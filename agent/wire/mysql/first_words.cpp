#include "wire/mysql/first_words.h"

namespace weir::wire::mysql {

FirstWord first_word_meaning(Keyword keyword) {
    switch (keyword) {
        case Keyword::select:
        case Keyword::values:
        case Keyword::table:
        case Keyword::with:
            return {Verb::select};
        case Keyword::insert:
            return {Verb::insert};
        case Keyword::update:
            return {Verb::update};
        case Keyword::delete_word:
            return {Verb::remove};
        case Keyword::replace:
            return {Verb::replace};
        case Keyword::set:
            return {Verb::set};
        case Keyword::use:
            return {Verb::use, trait_bit(Trait::uses_database)};
        case Keyword::begin:
            return {Verb::begin, trait_bit(Trait::begins)};
        case Keyword::commit:
            return {Verb::commit, trait_bit(Trait::commits)};
        case Keyword::rollback:
            return {Verb::rollback};
        case Keyword::savepoint:
        case Keyword::release:
            return {Verb::savepoint};
        case Keyword::call:
            return {Verb::call, trait_bit(Trait::calls)};
        case Keyword::execute:
            return {Verb::execute, trait_bit(Trait::prepared)};
        case Keyword::prepare:
            return {Verb::other, trait_bit(Trait::prepared)};
        case Keyword::deallocate:
            return {Verb::other, trait_bit(Trait::deallocated)};
        case Keyword::show:
            return {Verb::show};
        case Keyword::kill:
            return {Verb::kill, trait_bit(Trait::kills)};
        case Keyword::create:
        case Keyword::alter:
        case Keyword::drop:
        case Keyword::truncate:
        case Keyword::rename:
        case Keyword::grant:
        case Keyword::revoke:
            return {Verb::definition};
        case Keyword::lock:
        case Keyword::backup:
            return {Verb::other, trait_bit(Trait::tables_locked)};
        case Keyword::unlock:
            return {Verb::other, trait_bit(Trait::tables_unlocked)};
        case Keyword::xa:
            return {Verb::other, trait_bit(Trait::distributed)};
        case Keyword::analyze:
        case Keyword::cache:
        case Keyword::change:
        case Keyword::check:
        case Keyword::checksum:
        case Keyword::desc:
        case Keyword::describe:
        case Keyword::do_word:
        case Keyword::explain:
        case Keyword::flush:
        case Keyword::get:
        case Keyword::handler:
        case Keyword::help:
        case Keyword::install:
        case Keyword::load:
        case Keyword::optimize:
        case Keyword::purge:
        case Keyword::repair:
        case Keyword::reset:
        case Keyword::resignal:
        case Keyword::shutdown:
        case Keyword::signal:
        case Keyword::start:
        case Keyword::stop:
        case Keyword::uninstall:
            return {Verb::other};
        default:  // compound statements, and what servers yet to come may know
            return {Verb::other, trait_bit(Trait::unknown)};
    }
}

}  // namespace weir::wire::mysql
