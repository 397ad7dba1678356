#include "cli/table.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "cli/figures.h"

namespace weir::cli {
namespace {

constexpr std::string_view gap = "  ";

// Code points, which is the width of everything but wide and combining characters.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string_view sequence(Tone tone) {
    switch (tone) {
        case Tone::faint:
            return "\x1b[2m";
        case Tone::good:
            return "\x1b[32m";
        case Tone::warning:
            return "\x1b[33m";
        case Tone::bad:
            return "\x1b[31m";
        case Tone::plain:
            break;
    }
    return "";
}

}  // namespace

std::string toned(const std::string& text, Tone tone, bool colours) {
    if (!colours || tone == Tone::plain || text.empty()) return text;
    return std::string(sequence(tone)) + text + "\x1b[0m";
}

void Table::add(std::vector<Cell> row) {
    assert(row.size() == columns_.size());
    for (Cell& cell : row) cell.text = printable(cell.text);
    rows_.push_back(std::move(row));
}

std::string Table::text(bool colours) const {
    std::vector<Cell> titles;
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) {
        titles.emplace_back(column.title, Tone::faint);
        widths.push_back(width(column.title));
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width(row[i].text));
        }
    }
    std::string out;
    const auto add_line = [&](const std::vector<Cell>& row) {
        std::string pending;  // blanks, written only when something follows
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string blanks(widths[i] - width(row[i].text), ' ');
            if (columns_[i].align == Align::right) pending += blanks;
            if (!row[i].text.empty()) {
                out += pending + toned(row[i].text, row[i].tone, colours);
                pending.clear();
            }
            if (columns_[i].align == Align::left) pending += blanks;
            pending += gap;
        }
        out += '\n';
    };
    add_line(titles);
    for (const auto& row : rows_) add_line(row);
    return out;
}

}  // namespace weir::cli
