#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace godwit::test {

template <auto Free>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using TlsPtr = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;

struct Identity {
  KeyPtr key;
  CertPtr certificate;
};

struct CertificateOptions {
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1";  ///< empty: an authority
  long valid_from = -3600;                                       ///< seconds from now
  long valid_until = 3600;
};

/// A certificate signed by `issuer`, or by itself.
inline Identity make_identity(const Identity* issuer, const CertificateOptions& options) {
  Identity made{KeyPtr(EVP_EC_gen("P-256")), CertPtr(X509_new())};
  X509* x509 = made.certificate.get();
  static long serial = 1;
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x509), options.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(x509), options.valid_until);
  X509_set_pubkey(x509, made.key.get());
  const char* name = issuer == nullptr ? "godwit test authority" : "godwit test";
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* parent = issuer == nullptr ? x509 : issuer->certificate.get();
  X509_set_issuer_name(x509, X509_get_subject_name(parent));
  const bool authority = options.alternative_names.empty();
  X509_EXTENSION* extension =
      authority ? X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE")
                : X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                      options.alternative_names.c_str());
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(x509, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

inline Identity make_authority() {
  CertificateOptions options;
  options.alternative_names.clear();
  return make_identity(nullptr, options);
}

inline TlsPtr server_tls(const Identity& identity) {
  TlsPtr tls(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(tls.get(), identity.certificate.get());
  SSL_CTX_use_PrivateKey(tls.get(), identity.key.get());
  return tls;
}

inline void write_pem(const std::string& path, const Identity& identity) {
  BIO* file = BIO_new_file(path.c_str(), "w");
  PEM_write_bio_X509(file, identity.certificate.get());
  PEM_write_bio_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  BIO_free(file);
}

}  // namespace godwit::test
