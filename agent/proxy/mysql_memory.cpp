// What a MySQL client asks about its previous statements, answered as if it had kept the connection
// that they ran on.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "wire/mysql/own_question.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::trait_bit;
using my::trait_bits;

namespace {

bool is_show_warnings(std::string_view text) {
    std::string words = lower_case(text);
    std::replace_if(
        words.begin(), words.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; },
        ' ');
    const auto ends = [&] {
        return !words.empty() && (words.back() == ' ' || words.back() == ';');
    };
    while (ends()) words.pop_back();
    words.erase(0, std::min(words.find_first_not_of(' '), words.size()));
    return words == "show warnings";
}

}  // namespace

// Whether the present command may take an insert id of which its OK does not tell: LOAD DATA,
// CREATE … SELECT, what runs other statements, and of several all but the last.
bool MysqlSession::takes_insert_id_unseen() const {
    constexpr Traits unseen = trait_bits({Trait::last_insert_id_set, Trait::calls});
    return (turn_.traits & unseen) != 0 || turn_.statements > 1 || turn_.verb == my::Verb::other ||
           turn_.verb == my::Verb::execute || turn_.verb == my::Verb::definition;
}

MysqlSession::Recalled MysqlSession::recall(std::string_view text) {
    constexpr Traits asks = trait_bits({Trait::asks_last_insert_id, Trait::asks_diagnostics,
                                        Trait::asks_found_rows, Trait::asks_row_count});
    const Traits traits = turn_.traits;
    // What may take one may also leave it as it is.
    const bool insert_id =
        (traits & trait_bit(Trait::asks_last_insert_id)) != 0 || takes_insert_id_unseen();
    if ((traits & asks) == 0 && !insert_id) return Recalled::here;
    MysqlTells& tells = server().tells();
    const MysqlTells& means = memory_.means;
    if ((traits & trait_bit(Trait::asks_diagnostics)) != 0 && tells.warnings != means.warnings) {
        if (!has(Memory::warnings)) return Recalled::later;
        if (!memory_.warnings.empty() && is_show_warnings(text)) {
            reply(std::string_view(memory_.warnings));
            return Recalled::answered;
        }
        if (tells.warnings != 0) server().clear_warnings();
    }
    const auto question = my::own_question(text);
    if ((traits & trait_bit(Trait::asks_found_rows)) != 0 && tells.found_rows != means.found_rows) {
        if (!has(Memory::found_rows)) return Recalled::later;
        if (question && question->asked == my::Asked::found_rows) {
            say_value(question->column, std::to_string(std::exchange(memory_.found_rows, 1)),
                      false);
            return Recalled::answered;
        }
    }
    if ((traits & trait_bit(Trait::asks_row_count)) != 0 && tells.row_count != means.row_count &&
        question && question->asked == my::Asked::row_count) {
        say_value(question->column, std::to_string(std::exchange(memory_.row_count, -1)), false);
        return Recalled::answered;
    }
    if (insert_id && tells.insert_id != means.insert_id) {
        if (!has(Memory::insert_id)) return Recalled::later;
        server().set_insert_id(memory_.insert_id);
        tells.insert_id = memory_.means.insert_id = next_statement();
    }
    return Recalled::here;
}

std::uint64_t MysqlSession::next_statement() {
    return std::uint64_t{id()} << 32U | ++memory_.statements;
}

// False: it is asked for where it is, and the command is looked at again with the answer.
bool MysqlSession::has(Memory memory) {
    MysqlServer* const place = memory_.at[index_of(memory)];
    if (place == nullptr) return true;
    awaiting_ = true;
    awaited_ = memory;
    place->collect();
    return false;
}

void MysqlSession::remembered(Memory memory, std::string value) {
    memory_.at[index_of(memory)] = nullptr;
    std::uint64_t number = 0;
    if (memory != Memory::warnings) {
        std::from_chars(value.data(), value.data() + value.size(), number);
    }
    switch (memory) {
        case Memory::found_rows:
            memory_.found_rows = number;
            break;
        case Memory::warnings:
            memory_.warnings = std::move(value);
            break;
        case Memory::insert_id:
            memory_.insert_id = number;
            break;
    }
    if (awaited_ == memory) go_on();
}

void MysqlSession::memory_lost(Memory memory) {
    memory_.at[index_of(memory)] = nullptr;
    if (awaited_ == memory) go_on();
}

void MysqlSession::insert_id_told(const std::string& value) {
    if (value != std::to_string(told_insert_id_)) return;  // its own is where it was
    memory_.insert_id = told_insert_id_;
    remembers_here(Memory::insert_id);
    server().tells().insert_id = memory_.means.insert_id = next_statement();
}

void MysqlSession::remembers_at(Memory memory, MysqlServer* place) {
    MysqlServer*& at = memory_.at[index_of(memory)];
    if (at != nullptr && at != place) at->forgive(memory, *this);
    at = place;
    if (place != nullptr) place->owe(memory);
}

void MysqlSession::forget_memory() {
    for (std::size_t i = 0; i < memory_count; ++i) {
        const auto memory = static_cast<Memory>(i);
        if (memory_.at[i] != nullptr) memory_.at[i]->forgive(memory, *this);
        memory_.at[i] = nullptr;
    }
}

void MysqlSession::remembers_here(Memory memory) {
    MysqlServer*& at = memory_.at[index_of(memory)];
    if (at != nullptr) at->forgive(memory, *this);
    at = nullptr;
}

// After each of its commands: what the connection would answer from now on.
void MysqlSession::remember() {
    const my::Outcome& outcome = server().tracker().outcome();
    MysqlServer* const place = &server();
    MysqlTells& tells = server().tells();
    MysqlTells& means = memory_.means;
    const Traits traits = turn_.traits;
    const std::uint64_t statement = next_statement();
    tells.row_count = means.row_count = statement;
    memory_.row_count =
        outcome.failed || outcome.rows_last ? -1 : static_cast<std::int64_t>(outcome.affected_rows);
    // What an OK tells may be a value that the client gave itself, which changes nothing: where the
    // connection had another's before, it is asked at once.
    const bool sets = takes_insert_id_unseen();
    if (outcome.failed && !sets) {  // it may have taken one before it failed
        if (tells.insert_id == means.insert_id) {
            means.insert_id = statement;
            remembers_at(Memory::insert_id, place);
        }
        tells.insert_id = statement;
    } else if (outcome.last_insert_id != 0 && !sets && tells.insert_id != means.insert_id) {
        asks_insert_id_ = true;
        told_insert_id_ = outcome.last_insert_id;
    } else if (outcome.last_insert_id != 0 || sets) {
        if (outcome.last_insert_id != 0) memory_.insert_id = outcome.last_insert_id;
        tells.insert_id = means.insert_id = statement;
        remembers_at(Memory::insert_id, place);
    }
    if ((traits & trait_bit(Trait::asks_diagnostics)) != 0) return;
    memory_.warnings.clear();
    if (outcome.failed || outcome.warnings > 0) {
        tells.warnings = means.warnings = statement;
        remembers_at(Memory::warnings, place);
    } else {
        // Not every statement empties the list: what is left of its own it may see again.
        if (tells.warnings == 0 || tells.warnings == means.warnings) tells.warnings = statement;
        means.warnings = statement;
        remembers_here(Memory::warnings);
    }
    if ((traits & trait_bit(Trait::found_rows_counted)) != 0) {
        tells.found_rows = means.found_rows = statement;
        remembers_at(Memory::found_rows, place);
    } else if (outcome.rows_last && turn_.verb != my::Verb::other) {  // ANALYZE and such
        memory_.found_rows = outcome.rows;
        tells.found_rows = means.found_rows = statement;
        remembers_here(Memory::found_rows);
    }
}

}  // namespace weir::proxy
