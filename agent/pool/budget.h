#pragma once
namespace weir::pool { class Budget; }
