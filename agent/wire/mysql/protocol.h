// The numbers of the MySQL client/server protocol that Weir speaks: command codes, capability and
// status flags. Only what is used; MariaDB's extended capabilities are never spoken.
// Source: MariaDB documentation, "Clients & Connectors", "MariaDB Connector/Protocol":
// "Connecting", "Text Protocol", "Binary Protocol"; MySQL documentation, "MySQL Client/Server
// Protocol".
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::wire::mysql {

enum class Command : std::uint8_t {  // the first byte of what a client asks
    sleep = 0x00,
    quit = 0x01,
    init_db = 0x02,
    query = 0x03,
    field_list = 0x04,
    create_db = 0x05,
    drop_db = 0x06,
    refresh = 0x07,
    shutdown = 0x08,
    statistics = 0x09,
    process_info = 0x0a,
    connect = 0x0b,
    process_kill = 0x0c,
    debug = 0x0d,
    ping = 0x0e,
    time = 0x0f,
    delayed_insert = 0x10,
    change_user = 0x11,
    binlog_dump = 0x12,
    table_dump = 0x13,
    connect_out = 0x14,
    register_slave = 0x15,
    stmt_prepare = 0x16,
    stmt_execute = 0x17,
    stmt_send_long_data = 0x18,
    stmt_close = 0x19,
    stmt_reset = 0x1a,
    set_option = 0x1b,
    stmt_fetch = 0x1c,
    daemon = 0x1d,
    binlog_dump_gtid = 0x1e,
    reset_connection = 0x1f,
    stmt_bulk_execute = 0xfa  // MariaDB
};

namespace capability {
inline constexpr std::uint32_t long_password = 1U << 0U;  // MariaDB: unset means "MariaDB speaks"
inline constexpr std::uint32_t found_rows = 1U << 1U;
inline constexpr std::uint32_t long_flag = 1U << 2U;
inline constexpr std::uint32_t connect_with_db = 1U << 3U;
inline constexpr std::uint32_t compress = 1U << 5U;
inline constexpr std::uint32_t local_files = 1U << 7U;
inline constexpr std::uint32_t ignore_space = 1U << 8U;
inline constexpr std::uint32_t protocol_41 = 1U << 9U;
inline constexpr std::uint32_t interactive = 1U << 10U;
inline constexpr std::uint32_t ssl = 1U << 11U;
inline constexpr std::uint32_t transactions = 1U << 13U;
inline constexpr std::uint32_t secure_connection = 1U << 15U;
inline constexpr std::uint32_t multi_statements = 1U << 16U;
inline constexpr std::uint32_t multi_results = 1U << 17U;
inline constexpr std::uint32_t ps_multi_results = 1U << 18U;
inline constexpr std::uint32_t plugin_auth = 1U << 19U;
inline constexpr std::uint32_t connect_attributes = 1U << 20U;
inline constexpr std::uint32_t plugin_auth_lenenc_data = 1U << 21U;
inline constexpr std::uint32_t can_handle_expired_passwords = 1U << 22U;
inline constexpr std::uint32_t session_track = 1U << 23U;
inline constexpr std::uint32_t deprecate_eof = 1U << 24U;
inline constexpr std::uint32_t query_attributes = 1U << 27U;  // MySQL; see query_attributes.h
}  // namespace capability

namespace status {  // of OK and EOF packets
inline constexpr std::uint16_t in_transaction = 0x0001;
inline constexpr std::uint16_t autocommit = 0x0002;
inline constexpr std::uint16_t more_results = 0x0008;
inline constexpr std::uint16_t no_good_index_used = 0x0010;
inline constexpr std::uint16_t no_index_used = 0x0020;
inline constexpr std::uint16_t cursor_exists = 0x0040;
inline constexpr std::uint16_t last_row_sent = 0x0080;
inline constexpr std::uint16_t database_dropped = 0x0100;
inline constexpr std::uint16_t no_backslash_escapes = 0x0200;
inline constexpr std::uint16_t metadata_changed = 0x0400;
inline constexpr std::uint16_t query_was_slow = 0x0800;
inline constexpr std::uint16_t out_parameters = 0x1000;
inline constexpr std::uint16_t in_read_only_transaction = 0x2000;
inline constexpr std::uint16_t session_state_changed = 0x4000;
inline constexpr std::uint16_t ansi_quotes = 0x8000;  // MariaDB
}  // namespace status

inline constexpr std::uint32_t longest_packet = 0xffffff;  // payload; as long: another one follows
inline constexpr std::uint32_t packet_header_size = 4;
inline constexpr std::size_t command_text_at = packet_header_size + 1;  // in a command's packet

// What the first byte of a reply's packet may mean.
inline constexpr std::uint8_t ok_lead = 0x00;
inline constexpr std::uint8_t local_infile_lead = 0xfb;
inline constexpr std::uint8_t eof_lead = 0xfe;
inline constexpr std::uint8_t error_lead = 0xff;

}  // namespace weir::wire::mysql
