#pragma once
namespace weir::pool { class Breaker; }
