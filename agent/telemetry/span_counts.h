// What became of the spans that the exporter took from the rings; it is the only writer.
#pragma once

#include <cstdint>

#include "telemetry/cell.h"

namespace weir::telemetry {

class SpanCounts {
  public:
    void exported(std::uint64_t spans) { exported_.add(spans); }
    void rejected(std::uint64_t spans) { rejected_.add(spans); }  // by the collector, for good
    void export_failed(std::uint64_t spans) { export_failed_.add(spans); }

    [[nodiscard]] std::uint64_t exported() const { return exported_.read(); }
    [[nodiscard]] std::uint64_t rejected() const { return rejected_.read(); }
    [[nodiscard]] std::uint64_t export_failed() const { return export_failed_.read(); }

  private:
    Counter exported_, rejected_, export_failed_;
};

}  // namespace weir::telemetry
