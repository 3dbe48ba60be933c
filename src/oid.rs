//! Object identifiers and the names that people know them by.

use std::{collections::HashMap, fmt, str::FromStr, sync::LazyLock};

/// An ASN.1 object identifier, held as its DER content octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Vec<u8>);

/// Content octets, short name, long name.
type Row = (&'static [u8], &'static str, &'static str);

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $bytes:expr, $short:expr, $long:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &[u8] = &$bytes;)*
        const KNOWN: &[Row] = &[$(($name, $short, $long),)*];
    };
}

known! {
    COMMON_NAME = [0x55, 4, 3], "CN", "commonName";
    SURNAME = [0x55, 4, 4], "SN", "surname";
    SERIAL_NUMBER = [0x55, 4, 5], "serialNumber", "serialNumber";
    COUNTRY = [0x55, 4, 6], "C", "countryName";
    LOCALITY = [0x55, 4, 7], "L", "localityName";
    STATE = [0x55, 4, 8], "ST", "stateOrProvinceName";
    STREET = [0x55, 4, 9], "STREET", "streetAddress";
    ORGANIZATION = [0x55, 4, 10], "O", "organizationName";
    ORGANIZATIONAL_UNIT = [0x55, 4, 11], "OU", "organizationalUnitName";
    TITLE = [0x55, 4, 12], "title", "title";
    POSTAL_CODE = [0x55, 4, 17], "postalCode", "postalCode";
    GIVEN_NAME = [0x55, 4, 42], "GN", "givenName";
    DN_QUALIFIER = [0x55, 4, 46], "dnQualifier", "dnQualifier";
    USER_ID = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID", "userId";
    DOMAIN_COMPONENT = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC", "domainComponent";
    EMAIL_ADDRESS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress", "emailAddress";

    SERVER_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 1], "serverAuth", "TLS web server authentication";
    CLIENT_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 2], "clientAuth", "TLS web client authentication";
    CODE_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 3], "codeSigning", "code signing";
    EMAIL_PROTECTION = [0x2b, 6, 1, 5, 5, 7, 3, 4], "emailProtection", "e-mail protection";
    TIME_STAMPING = [0x2b, 6, 1, 5, 5, 7, 3, 8], "timeStamping", "time stamping";
    OCSP_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 9], "OCSPSigning", "OCSP signing";
    ANY_EXTENDED_KEY_USAGE = [0x55, 0x1d, 37, 0], "anyExtendedKeyUsage", "any extended key usage";

    IPSEC_IKE = [0x2b, 6, 1, 5, 5, 7, 3, 17], "ipsecIKE", "IPsec Internet key exchange";
    MS_SMARTCARD_LOGIN = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 2], "msSmartcardLogin", "Microsoft smart card login";
    KDC_AUTH = [0x2b, 6, 1, 5, 2, 3, 5], "pkInitKDC", "Kerberos KDC";

    USER_PRINCIPAL_NAME = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3], "msUPN", "Microsoft user principal name";
    CPS = [0x2b, 6, 1, 5, 5, 7, 2, 1], "id-qt-cps", "certification practice statement";
    ANY_POLICY = [0x55, 0x1d, 32, 0], "anyPolicy", "any policy";
    OCSP = [0x2b, 6, 1, 5, 5, 7, 48, 1], "OCSP", "OCSP responder";
    CA_ISSUERS = [0x2b, 6, 1, 5, 5, 7, 48, 2], "caIssuers", "issuer's certificate";
    AD_TIME_STAMPING = [0x2b, 6, 1, 5, 5, 7, 48, 3], "ad-timeStamping", "time stamping service";
    CA_REPOSITORY = [0x2b, 6, 1, 5, 5, 7, 48, 5], "caRepository", "where a CA publishes certificates and CRLs";

    SUBJECT_KEY_ID = [0x55, 0x1d, 14], "subjectKeyIdentifier", "subject key identifier";
    KEY_USAGE = [0x55, 0x1d, 15], "keyUsage", "key usage";
    SUBJECT_ALT_NAME = [0x55, 0x1d, 17], "subjectAltName", "subject alternative name";
    ISSUER_ALT_NAME = [0x55, 0x1d, 18], "issuerAltName", "issuer alternative name";
    BASIC_CONSTRAINTS = [0x55, 0x1d, 19], "basicConstraints", "basic constraints";
    NAME_CONSTRAINTS = [0x55, 0x1d, 30], "nameConstraints", "name constraints";
    CRL_DISTRIBUTION_POINTS = [0x55, 0x1d, 31], "cRLDistributionPoints", "CRL distribution points";
    CERTIFICATE_POLICIES = [0x55, 0x1d, 32], "certificatePolicies", "certificate policies";
    POLICY_MAPPINGS = [0x55, 0x1d, 33], "policyMappings", "policy mappings";
    AUTHORITY_KEY_ID = [0x55, 0x1d, 35], "authorityKeyIdentifier", "authority key identifier";
    POLICY_CONSTRAINTS = [0x55, 0x1d, 36], "policyConstraints", "policy constraints";
    EXTENDED_KEY_USAGE = [0x55, 0x1d, 37], "extKeyUsage", "extended key usage";
    INHIBIT_ANY_POLICY = [0x55, 0x1d, 54], "inhibitAnyPolicy", "inhibit anyPolicy";
    AUTHORITY_INFO_ACCESS = [0x2b, 6, 1, 5, 5, 7, 1, 1], "authorityInfoAccess", "authority information access";
    CRL_NUMBER = [0x55, 0x1d, 20], "cRLNumber", "CRL number";
    CRL_REASON = [0x55, 0x1d, 21], "reasonCode", "reason of a revocation";
    DELTA_CRL_INDICATOR = [0x55, 0x1d, 27], "deltaCRLIndicator", "delta CRL indicator";
    ISSUING_DISTRIBUTION_POINT = [0x55, 0x1d, 28], "issuingDistributionPoint", "issuing distribution point";
    CERTIFICATE_ISSUER = [0x55, 0x1d, 29], "certificateIssuer", "certificate issuer";
    TLS_FEATURE = [0x2b, 6, 1, 5, 5, 7, 1, 24], "tlsfeature", "TLS feature (must-staple)";

    EXTENSION_REQUEST = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14], "extensionRequest", "extension request";
    MS_EXTENSION_REQUEST = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 14], "msExtReq", "Microsoft extension request";
    CHALLENGE_PASSWORD = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7], "challengePassword", "challenge password";
    UNSTRUCTURED_NAME = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2], "unstructuredName", "unstructured name";
    MS_OS_VERSION = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 13, 2, 3], "msOSVersion", "Microsoft OS version";
    MS_CSP_INFO = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 13, 2, 2], "msEnrolmentCSP", "Microsoft enrolment CSP";
    MS_CLIENT_INFO = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 20], "msRequestClientInfo", "Microsoft request client info";

    SCT_LIST = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2], "signedCertificateTimestamps", "signed certificate timestamps";
    CT_POISON = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3], "ctPoison", "certificate transparency poison";
    OCSP_NO_CHECK = [0x2b, 6, 1, 5, 5, 7, 48, 1, 5], "ocspNoCheck", "OCSP no check";
    SUBJECT_INFO_ACCESS = [0x2b, 6, 1, 5, 5, 7, 1, 11], "subjectInfoAccess", "subject information access";
    QC_STATEMENTS = [0x2b, 6, 1, 5, 5, 7, 1, 3], "qcStatements", "qualified certificate statements";
    USER_NOTICE = [0x2b, 6, 1, 5, 5, 7, 2, 2], "id-qt-unotice", "user notice";
    SUBJECT_DIRECTORY_ATTRIBUTES = [0x55, 0x1d, 9], "subjectDirectoryAttributes", "subject directory attributes";
    PRIVATE_KEY_USAGE_PERIOD = [0x55, 0x1d, 16], "privateKeyUsagePeriod", "private key usage period";
    INVALIDITY_DATE = [0x55, 0x1d, 24], "invalidityDate", "invalidity date";
    FRESHEST_CRL = [0x55, 0x1d, 46], "freshestCRL", "freshest CRL";
    NS_COMMENT = [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 13], "nsComment", "Netscape comment";
    MS_TEMPLATE_NAME = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2], "msCertificateTemplateName", "Microsoft certificate template name";
    MS_CA_VERSION = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 1], "msCaVersion", "Microsoft CA version";
    MS_TEMPLATE = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 7], "msCertificateTemplate", "Microsoft certificate template";
    MS_APPLICATION_POLICIES = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 10], "msApplicationPolicies", "Microsoft application policies";

    PROXY_CERT_INFO = [0x2b, 6, 1, 5, 5, 7, 1, 14], "proxyCertInfo", "proxy certificate information";
    IP_RESOURCES = [0x2b, 6, 1, 5, 5, 7, 1, 7], "sbgp-ipAddrBlock", "IP address resources";
    AS_RESOURCES = [0x2b, 6, 1, 5, 5, 7, 1, 8], "sbgp-autonomousSysNum", "autonomous system resources";
    NS_CERT_TYPE = [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1], "nsCertType", "Netscape certificate type";

    EC_PUBLIC_KEY = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "id-ecPublicKey", "EC public key";
    P256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], "prime256v1", "P-256";
    P384 = [0x2b, 0x81, 0x04, 0, 34], "secp384r1", "P-384";
    P521 = [0x2b, 0x81, 0x04, 0, 35], "secp521r1", "P-521";
    ED25519 = [0x2b, 0x65, 0x70], "Ed25519", "Ed25519";
    ED448 = [0x2b, 0x65, 0x71], "Ed448", "Ed448";
    RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "rsaEncryption", "RSA";
    RSA_PSS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "RSASSA-PSS", "RSA-PSS";
    PKCS7_DATA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1], "pkcs7-data", "PKCS#7 data";
    PKCS7_SIGNED = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2], "pkcs7-signedData", "PKCS#7 signed data";
    PKCS7_ENCRYPTED = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6], "pkcs7-encryptedData", "PKCS#7 encrypted data";
    KEY_BAG = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 1], "keyBag", "key bag";
    SHROUDED_KEY_BAG = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2], "pkcs8ShroudedKeyBag", "shrouded key bag";
    CERT_BAG = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3], "certBag", "certificate bag";
    CRL_BAG = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 4], "crlBag", "CRL bag";
    SECRET_BAG = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 5], "secretBag", "secret bag";
    SAFE_CONTENTS_BAG = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 6], "safeContentsBag", "safe contents bag";
    X509_CERTIFICATE = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1], "x509Certificate", "X.509 certificate";
    X509_CRL = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 23, 1], "x509Crl", "X.509 CRL";
    FRIENDLY_NAME = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 20], "friendlyName", "friendly name";
    LOCAL_KEY_ID = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21], "localKeyID", "local key id";
    JAVA_TRUSTED = [0x60, 0x86, 0x48, 1, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 1, 1], "trustedKeyUsage", "Java trusted certificate";
    PBE_SHA1_RC4_128 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 1], "pbeWithSHA1And128BitRC4", "PBE with SHA-1 and RC4-128";
    PBE_SHA1_RC4_40 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 2], "pbeWithSHA1And40BitRC4", "PBE with SHA-1 and RC4-40";
    PBE_SHA1_2DES = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 4], "pbeWithSHA1And2-KeyTripleDES-CBC", "PBE with SHA-1 and two-key triple DES";
    PBE_SHA1_RC2_128 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 5], "pbeWithSHA1And128BitRC2-CBC", "PBE with SHA-1 and RC2-128";
    PBE_SHA1_RC2_40 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 6], "pbeWithSHA1And40BitRC2-CBC", "PBE with SHA-1 and RC2-40";
    PBMAC1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 14], "PBMAC1", "PBMAC1";
    PBKDF2 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12], "PBKDF2", "PBKDF2";
    SCRYPT = [0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11], "scrypt", "scrypt";
    HMAC_SHA1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7], "HMAC-SHA1", "HMAC with SHA-1";
    HMAC_SHA256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9], "HMAC-SHA256", "HMAC with SHA-256";
    HMAC_SHA384 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 10], "HMAC-SHA384", "HMAC with SHA-384";
    HMAC_SHA512 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11], "HMAC-SHA512", "HMAC with SHA-512";
    AES_128_CBC = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2], "AES-128-CBC", "AES-128-CBC";
    AES_192_CBC = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22], "AES-192-CBC", "AES-192-CBC";
    AES_256_CBC = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42], "AES-256-CBC", "AES-256-CBC";
    TRIPLE_DES_CBC = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7], "DES-EDE3-CBC", "triple DES CBC";
    MD5 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5], "MD5", "MD5";
    SHA1 = [0x2b, 0x0e, 3, 2, 26], "SHA1", "SHA-1";
    SHA224 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4], "SHA224", "SHA-224";
    PBES2 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13], "PBES2", "PBES2";
    PBE_MD5_DES = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 3], "pbeWithMD5AndDES-CBC", "PBE with MD5 and DES";
    PBE_SHA1_DES = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 10], "pbeWithSHA1AndDES-CBC", "PBE with SHA-1 and DES";
    PBE_SHA1_3DES = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3], "pbeWithSHA1And3-KeyTripleDES-CBC", "PBE with SHA-1 and triple DES";
    MGF1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8], "MGF1", "mask generation function 1";
    SHA256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], "SHA256", "SHA-256";
    SHA384 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], "SHA384", "SHA-384";
    SHA512 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], "SHA512", "SHA-512";
    RSA_MD2 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2], "md2WithRSAEncryption", "RSA with MD2";
    RSA_SHA224 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14], "sha224WithRSAEncryption", "RSA with SHA-224";
    ECDSA_SHA224 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], "ecdsa-with-SHA224", "ECDSA with SHA-224";
    DSA = [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "dsaEncryption", "DSA";
    DSA_SHA1 = [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3], "dsa-with-SHA1", "DSA with SHA-1";
    DSA_SHA224 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1], "dsa-with-SHA224", "DSA with SHA-224";
    DSA_SHA256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2], "dsa-with-SHA256", "DSA with SHA-256";
    X25519 = [0x2b, 0x65, 0x6e], "X25519", "X25519";
    X448 = [0x2b, 0x65, 0x6f], "X448", "X448";
    ML_DSA_44 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17], "ML-DSA-44", "ML-DSA-44";
    ML_DSA_65 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18], "ML-DSA-65", "ML-DSA-65";
    ML_DSA_87 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19], "ML-DSA-87", "ML-DSA-87";
    DH = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 3, 1], "dhKeyAgreement", "Diffie-Hellman";
    X942_DH = [0x2a, 0x86, 0x48, 0xce, 0x3e, 2, 1], "dhPublicNumber", "Diffie-Hellman (X9.42)";
    P192 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1], "prime192v1", "P-192";
    P224 = [0x2b, 0x81, 0x04, 0, 33], "secp224r1", "P-224";
    SECP256K1 = [0x2b, 0x81, 0x04, 0, 10], "secp256k1", "secp256k1";
    BRAINPOOL_256 = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7], "brainpoolP256r1", "brainpoolP256r1";
    BRAINPOOL_384 = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11], "brainpoolP384r1", "brainpoolP384r1";
    BRAINPOOL_512 = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13], "brainpoolP512r1", "brainpoolP512r1";
    RSA_MD5 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], "md5WithRSAEncryption", "RSA with MD5";
    RSA_SHA1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], "sha1WithRSAEncryption", "RSA with SHA-1";
    RSA_SHA256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "sha256WithRSAEncryption", "RSA with SHA-256";
    RSA_SHA384 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], "sha384WithRSAEncryption", "RSA with SHA-384";
    RSA_SHA512 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], "sha512WithRSAEncryption", "RSA with SHA-512";
    ECDSA_SHA1 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], "ecdsa-with-SHA1", "ECDSA with SHA-1";
    ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], "ecdsa-with-SHA256", "ECDSA with SHA-256";
    ECDSA_SHA384 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], "ecdsa-with-SHA384", "ECDSA with SHA-384";
    ECDSA_SHA512 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], "ecdsa-with-SHA512", "ECDSA with SHA-512";
}

impl Oid {
    /// From DER content octets; not checked, because a certificate may hold any.
    pub(crate) fn from_content(content: &[u8]) -> Self {
        Self(content.to_vec())
    }

    /// DER content octets.
    pub(crate) fn content(&self) -> &[u8] {
        &self.0
    }

    /// The whole DER, tag and length included.
    pub(crate) fn der(&self) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_tagged_implicit(yasna::tags::TAG_OID, |writer| writer.write_bytes(&self.0));
        })
    }

    /// The components, or `None` where the content is not a well-formed OID or a component exceeds 64 bits.
    pub fn components(&self) -> Option<Vec<u64>> {
        let mut components = Vec::new();
        let mut value = 0u64;
        let mut open = false;
        for &octet in &self.0 {
            if !open && octet == 0x80 {
                return None;
            }
            if value >> 57 != 0 {
                return None;
            }
            value = value << 7 | u64::from(octet & 0x7f);
            open = octet & 0x80 != 0;
            if !open {
                if components.is_empty() {
                    let first = (value / 40).min(2);
                    components.push(first);
                    components.push(value - first * 40);
                } else {
                    components.push(value);
                }
                value = 0;
            }
        }
        (!open && !components.is_empty()).then_some(components)
    }

    /// The short name that openssl prints (`CN`, `serverAuth`, `keyUsage`), if there is one.
    pub fn short_name(&self) -> Option<&'static str> {
        lookup(&self.0).map(|row| row.1)
    }

    /// The name in a person's words (`TLS web server authentication`), if there is one.
    pub fn long_name(&self) -> Option<&'static str> {
        lookup(&self.0).map(|row| row.2)
    }

    /// The short name, or else the dotted form.
    pub fn name(&self) -> String {
        self.short_name().map_or_else(|| self.to_string(), str::to_owned)
    }
}

fn lookup(content: &[u8]) -> Option<&'static Row> {
    static INDEX: LazyLock<HashMap<&'static [u8], &'static Row>> =
        LazyLock::new(|| KNOWN.iter().map(|row| (row.0, row)).collect());
    INDEX.get(content).copied()
}

/// Finds an attribute type, usage or extension by the names people write, case-insensitively, or by its dotted
/// form with or without the `OID.` prefix of RFC 2253.
impl FromStr for Oid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let same = |row: &&Row| row.1.eq_ignore_ascii_case(text) || row.2.eq_ignore_ascii_case(text);
        if let Some(row) = KNOWN.iter().find(same) {
            return Ok(Self(row.0.to_vec()));
        }
        match text.to_ascii_lowercase().as_str() {
            "email" | "e" => return Ok(Self(EMAIL_ADDRESS.to_vec())),
            "s" => return Ok(Self(STATE.to_vec())),
            _ => {}
        }
        let digits = text.strip_prefix("OID.").or_else(|| text.strip_prefix("oid.")).unwrap_or(text);
        let parts = digits.split('.').map(u64::from_str).collect::<Result<Vec<_>, _>>().map_err(drop)?;
        let [first, second, rest @ ..] = parts.as_slice() else { return Err(()) };
        if *first > 2 || (*first < 2 && *second > 39) {
            return Err(());
        }
        let head = first.checked_mul(40).and_then(|sum| sum.checked_add(*second)).ok_or(())?;
        let mut content = Vec::new();
        for value in std::iter::once(head).chain(rest.iter().copied()) {
            let groups = (64 - value.leading_zeros()).div_ceil(7).max(1);
            for group in (0..groups).rev() {
                let septet = (value >> (group * 7) & 0x7f) as u8;
                content.push(if group == 0 { septet } else { septet | 0x80 });
            }
        }
        Ok(Self(content))
    }
}

/// Dotted form; `malformed OID` with its octets in hex where it is none.
impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.components() {
            Some(components) => {
                for (index, component) in components.iter().enumerate() {
                    let dot = if index == 0 { "" } else { "." };
                    write!(f, "{dot}{component}")?;
                }
                Ok(())
            }
            None => write!(f, "malformed OID {}", crate::fingerprint::hex(&self.0)),
        }
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_form_and_content_agree() {
        for (dotted, content) in [
            ("2.5.4.3", COMMON_NAME),
            ("1.2.840.113549.1.1.11", RSA_SHA256),
            ("1.3.6.1.5.5.7.3.1", SERVER_AUTH),
            ("0.9.2342.19200300.100.1.25", DOMAIN_COMPONENT),
            ("2.999.1", &[0x88, 0x37, 1]),
        ] {
            let oid: Oid = dotted.parse().unwrap();
            assert_eq!(oid.content(), content, "{dotted}");
            assert_eq!(oid.to_string(), dotted);
        }
        assert_eq!("cn".parse::<Oid>().unwrap().content(), COMMON_NAME);
        assert_eq!("serverauth".parse::<Oid>().unwrap().content(), SERVER_AUTH);
    }

    #[test]
    fn refuses_what_is_no_oid() {
        for bad in ["", "3.1", "1.40", "1", "1..2", "foo", "1.2.-3", "99999999999999999999.1"] {
            assert!(bad.parse::<Oid>().is_err(), "{bad:?}");
        }
        assert_eq!(Oid::from_content(&[0x55, 0x80]).components(), None);
        assert_eq!(Oid::from_content(&[]).components(), None);
    }
}
