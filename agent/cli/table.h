// An aligned table for people: titles, rows of cells, each with a tone that is a colour where
// colours are wanted. Cells are made printable. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::cli {

enum class Tone : std::uint8_t { plain, faint, good, warning, bad };
enum class Align : std::uint8_t { left, right };

// `text` between the terminal's colour sequences; as it is when not `colours` or plain.
[[nodiscard]] std::string toned(const std::string& text, Tone tone, bool colours);

struct Column {
    std::string title;
    Align align = Align::left;
};

struct Cell {
    Cell(std::string content, Tone colour = Tone::plain) : text(std::move(content)), tone(colour) {}
    Cell(const char* content) : text(content) {}
    std::string text;
    Tone tone = Tone::plain;
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    // Precondition: a cell for each column.
    void add(std::vector<Cell> row);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    // Every line ends with a newline and without trailing blanks.
    [[nodiscard]] std::string text(bool colours) const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace weir::cli
