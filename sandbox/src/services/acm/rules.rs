//! What Certificate Manager refuses.

use crate::rules::rules;

rules! { "acm":
    NOT_FOUND [DescribeCertificate, DeleteCertificate, UpdateCertificateOptions,
        AddTagsToCertificate, RemoveTagsFromCertificate, ListTagsForCertificate]
        "ResourceNotFoundException"
        "Could not find certificate {} in account {}."
        <- "DescribeCertificate API reference, ResourceNotFoundException";
    IN_USE [DeleteCertificate] "ResourceInUseException"
        "Certificate {} in account {} is in use by {}."
        <- "aws-semantics.md 8; DeleteCertificate API reference, ResourceInUseException";
    ALGORITHM [RequestCertificate] "InvalidParameterException"
        "The key algorithm {} is not supported for public certificates."
        <- "RequestCertificate API reference, KeyAlgorithm: RSA_2048, EC_prime256v1, EC_secp384r1";
    TOO_MANY_NAMES [RequestCertificate] "LimitExceededException"
        "Certificate has too many domain names: {}. The limit is 10."
        <- "RequestCertificate API reference, SubjectAlternativeNames: initial quota";
    VALIDATION_DOMAIN [RequestCertificate] "InvalidDomainValidationOptionsException"
        "The validation domain {} is not the domain {} or above it."
        <- "DomainValidationOption API reference, ValidationDomain";
    TOO_MANY_TAGS [RequestCertificate, AddTagsToCertificate] "TooManyTagsException"
        "A certificate can have no more than 50 tags."
        <- "AddTagsToCertificate API reference, TooManyTagsException";
    RESERVED_TAG [RequestCertificate, AddTagsToCertificate] "InvalidTagException"
        "The tag key {} is reserved: keys may not start with aws:"
        <- "AddTagsToCertificate API reference, InvalidTagException";
    TOKEN [ListCertificates] "InvalidArgsException"
        "The next token is not valid."
        <- "ListCertificates API reference, InvalidArgsException";
}
