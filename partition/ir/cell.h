// The recurrent cells: GRU, LSTM, and the vanilla one, h = tanh(W x + R h + b).
#pragma once

#include <cstdint>
#include <span>

namespace soliton {

enum class Cell : std::uint8_t { kGru, kLstm, kRnn };

// "gru", "lstm", "rnn"
constexpr const char* cell_name(Cell cell) {
  return cell == Cell::kGru ? "gru" : cell == Cell::kLstm ? "lstm" : "rnn";
}
// The operator of ONNX: "GRU", "LSTM", "RNN"
constexpr const char* cell_operator(Cell cell) {
  return cell == Cell::kGru ? "GRU" : cell == Cell::kLstm ? "LSTM" : "RNN";
}
constexpr int gate_count(Cell cell) { return cell == Cell::kGru ? 3 : cell == Cell::kLstm ? 4 : 1; }

// Order of the gates here: GRU r z n; LSTM i f o c; RNN has one. ONNX has z r h; i o f c. By gate of
// ours: its position in ONNX.
inline std::span<const std::int64_t> onnx_gates(Cell cell) {
  static constexpr std::int64_t kGru[] = {1, 0, 2}, kLstm[] = {0, 2, 1, 3}, kRnn[] = {0};
  if (cell == Cell::kGru) return kGru;
  return cell == Cell::kLstm ? std::span<const std::int64_t>(kLstm) : kRnn;
}

}  // namespace soliton
