#include "wire/postgresql/scram.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/postgresql/scram_client.h"

namespace weir::wire::postgresql {
namespace {

using test::base64;

// RFC 7677, 3: user "user", password "pencil".
constexpr std::string_view rfc_salt_base64 = "W22ZaJ0SNY7soEsUEjb6gQ==";
const std::string rfc_salt("\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81", 16);
const std::string rfc_verifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
constexpr std::string_view rfc_auth_message =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

constexpr std::string_view server_nonce = "\x01\x02\xff 0123456789abcdefgh";

// The client of one login; every part can be spoilt before it is sent.
struct Login {
    explicit Login(const ScramVerifier& verifier, std::string_view end_point = {})
        : exchange(verifier, server_nonce, end_point) {}

    std::optional<std::string> run(std::string_view password) {
        const auto server_first = exchange.first(mechanism, gs2 + bare);
        if (!server_first) return std::nullopt;
        const std::string nonce = server_first->substr(2, server_first->find(',') - 2);
        const std::string without_proof =
            "c=" + (binding.empty() ? base64(gs2 + bound) : binding) + ",r=" + nonce;
        const std::string auth = bare + "," + *server_first + "," + without_proof;
        const std::string salted = test::salted_password(password, rfc_salt, 4096);
        expected = "v=" + base64(test::server_signature(salted, auth));
        return exchange.final(without_proof + ",p=" + base64(test::client_proof(salted, auth)));
    }

    ScramExchange exchange;
    std::string_view mechanism = scram_mechanism;
    std::string gs2 = "n,,", bound, bare = "n=,r=clientnonce", binding, expected;
};

ScramVerifier pencil() { return derive_scram_verifier("pencil", rfc_salt); }

TEST(Scram, proof_and_signature_of_rfc_7677_check_out) {
    const auto raw = [](std::string_view text) {
        std::string out(text.size() / 4 * 3, '\0');
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
        out.resize(32);
        return out;
    };
    const auto signature = check_scram_proof(pencil(), rfc_auth_message,
                                             raw("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    ASSERT_TRUE(signature);
    EXPECT_EQ(std::string(signature->begin(), signature->end()),
              raw("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(Scram, a_stored_verifier_equals_the_derived_one) {
    const auto parsed = parse_scram_verifier(rfc_verifier);
    ASSERT_TRUE(parsed);
    const ScramVerifier derived = pencil();
    EXPECT_EQ(parsed->iterations, 4096U);
    EXPECT_EQ(parsed->salt, rfc_salt);
    EXPECT_EQ(parsed->stored_key, derived.stored_key);
    EXPECT_EQ(parsed->server_key, derived.server_key);
    EXPECT_TRUE(parsed->genuine);
}

TEST(Scram, truncated_verifiers_are_not_parsed) {
    for (std::size_t size = 0; size < rfc_verifier.size(); ++size) {
        EXPECT_FALSE(parse_scram_verifier(std::string_view(rfc_verifier).substr(0, size))) << size;
    }
}

TEST(Scram, other_verifiers_are_not_parsed) {
    const auto spoilt = [](std::string_view what, std::string_view by) {
        std::string text = rfc_verifier;
        return text.replace(text.find(what), what.size(), by);
    };
    for (const std::string& text :
         {std::string("md5d41d8cd98f00b204e9800998ecf8427e"), spoilt("256", "512"),
          spoilt("4096", "0"), spoilt("4096", "-1"), spoilt("4096", "4096x"),
          spoilt("4096", "99999999999"), spoilt(rfc_salt_base64, ""), spoilt(rfc_salt_base64, "*"),
          spoilt("WG5d", "WG 5"), spoilt("qY=", "q=="), spoilt("dU=", "dU=="),
          spoilt("wfPL", "wfPLwfPL")}) {
        EXPECT_FALSE(parse_scram_verifier(text)) << text;
    }
}

TEST(Scram, the_right_password_is_let_in_and_gets_the_servers_signature) {
    Login login(pencil());
    const auto server_final = login.run("pencil");
    ASSERT_TRUE(server_final);
    EXPECT_EQ(*server_final, login.expected);
}

TEST(Scram, server_first_has_nonce_salt_and_iterations) {
    ScramExchange exchange(pencil(), server_nonce);
    EXPECT_EQ(exchange.first(scram_mechanism, "n,,n=ignored,r=abc"),
              "r=abc" + base64(server_nonce) + ",s=" + std::string(rfc_salt_base64) + ",i=4096");
}

TEST(Scram, a_client_that_could_bind_channels_is_let_in) {
    Login login(pencil());
    login.gs2 = "y,,";
    EXPECT_TRUE(login.run("pencil"));
}

TEST(Scram, a_wrong_password_is_refused) {
    EXPECT_FALSE(Login(pencil()).run("pencils"));
    EXPECT_FALSE(Login(pencil()).run(""));
}

TEST(Scram, passwords_count_byte_for_byte) {
    const std::string password = "p\xc3\xa4sswort \xff";
    EXPECT_TRUE(Login(derive_scram_verifier(password, rfc_salt)).run(password));
    EXPECT_FALSE(Login(derive_scram_verifier(password, rfc_salt)).run("passwort"));
}

TEST(Scram, an_unknown_user_is_refused_by_the_same_messages) {
    ScramVerifier mock = mock_scram_verifier("nobody", "secret");
    EXPECT_EQ(mock.salt.size(), 16U);
    EXPECT_EQ(mock.iterations, 4096U);
    EXPECT_EQ(mock.salt, mock_scram_verifier("nobody", "secret").salt);
    EXPECT_NE(mock.salt, mock_scram_verifier("somebody", "secret").salt);
    EXPECT_NE(mock.salt, mock_scram_verifier("nobody", "other").salt);

    ScramVerifier matching = pencil();
    matching.genuine = false;
    EXPECT_FALSE(Login(matching).run("pencil"));
}

TEST(Scram, malformed_first_messages_are_refused) {
    for (const std::string_view first :
         {"", "n", "n,,", "n,,n=", "n,,n=user", "n,,n=user,", "n,,n=user,r=", "n,,r=nonce,n=user",
          "n,,n=user,r=no nonce", "n,,n=user,r=\x7f", "n,,m=x,n=user,r=nonce", "x,,n=,r=nonce",
          "n,a=admin,n=,r=nonce", "p=tls-server-end-point,,n=,r=nonce", "n=,r=nonce"}) {
        EXPECT_FALSE(ScramExchange(pencil(), server_nonce).first(scram_mechanism, first)) << first;
    }
}

TEST(Scram, malformed_final_messages_are_refused) {
    const std::string nonce = "clientnonce" + base64(server_nonce);
    const std::string proof(44, 'A');
    for (const std::string& last :
         {std::string(), std::string("c=biws"), "c=biws,r=" + nonce, "c=biws,r=" + nonce + ",p=",
          "c=biws,r=" + nonce + ",p=AAAA", "c=biws,r=" + nonce + ",p=" + proof,
          "c=biws,r=" + nonce + ",p=" + std::string(3, 'A'), "r=" + nonce + ",c=biws,p=AAAA"}) {
        ScramExchange exchange(pencil(), server_nonce);
        ASSERT_TRUE(exchange.first(scram_mechanism, "n,,n=,r=clientnonce"));
        EXPECT_FALSE(exchange.final(last)) << last;
    }
}

TEST(Scram, a_gs2_header_changed_under_way_is_refused) {
    Login login(pencil());
    login.binding = base64("y,,");
    EXPECT_FALSE(login.run("pencil"));
}

// A hash as SHA-256 gives it: any bytes, NUL among them.
const std::string certificate_hash("\x00\x01,=\xfe\xff certificate hash of 32", 29);

Login bound_login() {
    Login login(pencil(), certificate_hash);
    login.mechanism = scram_plus_mechanism;
    login.gs2 = "p=tls-server-end-point,,";
    login.bound = certificate_hash;
    return login;
}

TEST(Scram, binding_is_offered_first_and_only_where_there_is_a_certificate) {
    EXPECT_EQ(ScramExchange(pencil(), server_nonce).mechanisms(),
              std::vector<std::string_view>{"SCRAM-SHA-256"});
    EXPECT_EQ(ScramExchange(pencil(), server_nonce, certificate_hash).mechanisms(),
              (std::vector<std::string_view>{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}));
}

TEST(Scram, a_client_bound_to_our_certificate_is_let_in) {
    Login login = bound_login();
    const auto server_final = login.run("pencil");
    ASSERT_TRUE(server_final);
    EXPECT_EQ(*server_final, login.expected);
    EXPECT_FALSE(bound_login().run("pencils"));
}

TEST(Scram, a_client_bound_to_another_certificate_is_refused) {
    for (const std::string& other : {std::string(), certificate_hash + "x",
                                     certificate_hash.substr(1), std::string(29, '\0')}) {
        Login login = bound_login();
        login.bound = other;
        EXPECT_FALSE(login.run("pencil"));
    }
}

TEST(Scram, a_client_that_does_not_bind_under_tls_is_let_in) {
    Login login(pencil(), certificate_hash);
    EXPECT_TRUE(login.run("pencil"));
}

// RFC 5802, 6: "y" from a client that was offered binding means that the offer was taken away.
TEST(Scram, an_offer_of_binding_that_did_not_arrive_ends_the_login) {
    Login login(pencil(), certificate_hash);
    login.gs2 = "y,,";
    EXPECT_FALSE(login.run("pencil"));
}

TEST(Scram, mechanism_and_header_must_agree) {
    const auto refused = [](std::string_view mechanism, const std::string& gs2,
                            std::string_view end_point) {
        ScramExchange exchange(pencil(), server_nonce, end_point);
        return !exchange.first(mechanism, gs2 + "n=,r=nonce");
    };
    EXPECT_TRUE(refused(scram_plus_mechanism, "p=tls-server-end-point,,", {}));
    EXPECT_TRUE(refused(scram_plus_mechanism, "n,,", certificate_hash));
    EXPECT_TRUE(refused(scram_plus_mechanism, "y,,", certificate_hash));
    EXPECT_TRUE(refused(scram_plus_mechanism, "p=tls-unique,,", certificate_hash));
    EXPECT_TRUE(refused(scram_mechanism, "p=tls-server-end-point,,", certificate_hash));
    EXPECT_TRUE(refused("SCRAM-SHA-1", "n,,", certificate_hash));
    EXPECT_TRUE(refused("", "n,,", {}));
    EXPECT_FALSE(refused(scram_plus_mechanism, "p=tls-server-end-point,,", certificate_hash));
}

TEST(Scram, an_unknown_user_can_look_like_any_other) {
    const ScramVerifier mock = mock_scram_verifier("nobody", "secret", 10000, 24);
    EXPECT_EQ(mock.iterations, 10000U);
    EXPECT_EQ(mock.salt.size(), 24U);
    EXPECT_FALSE(mock.genuine);
}

TEST(Scram, messages_out_of_order_are_refused) {
    ScramExchange exchange(pencil(), server_nonce);
    EXPECT_FALSE(exchange.final("c=biws,r=x,p=AAAA"));
    EXPECT_TRUE(exchange.first(scram_mechanism, "n,,n=,r=a"));
    EXPECT_FALSE(exchange.first(scram_mechanism, "n,,n=,r=a"));
}

}  // namespace
}  // namespace weir::wire::postgresql
