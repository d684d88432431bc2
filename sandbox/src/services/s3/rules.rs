//! What S3 refuses.

use crate::rules::rules;

rules! { "s3":
    NO_BUCKET [HeadBucket, DeleteBucket, GetBucketLocation, PutBucketTagging, GetBucketTagging,
        DeleteBucketTagging, PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy,
        PutBucketVersioning, GetBucketVersioning, PutBucketEncryption, GetBucketEncryption,
        DeleteBucketEncryption, PutPublicAccessBlock, GetPublicAccessBlock,
        DeletePublicAccessBlock, PutBucketOwnershipControls, GetBucketOwnershipControls,
        DeleteBucketOwnershipControls, PutBucketLifecycleConfiguration,
        GetBucketLifecycleConfiguration, DeleteBucketLifecycle, PutObject, GetObject, HeadObject,
        DeleteObject, DeleteObjects, ListObjectsV2, ListObjectVersions, CreateMultipartUpload,
        ListMultipartUploads, AbortMultipartUpload] "NoSuchBucket" (404)
        "The specified bucket does not exist"
        <- "S3 API reference, error responses";
    OTHER_REGION [HeadBucket, DeleteBucket, PutBucketPolicy, GetBucketTagging]
        "PermanentRedirect" (301)
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
        <- "S3 API reference, error responses, PermanentRedirect; S3 user guide, bucket region";
    OTHERS [HeadBucket, DeleteBucket, GetBucketTagging, PutBucketPolicy] "AccessDenied" (403)
        "Access Denied"
        <- "S3 API reference, error responses; HeadBucket: 403 without access";
    WRONG_OWNER [HeadBucket, DeleteBucket, GetBucketTagging, PutBucketPolicy] "AccessDenied" (403)
        "The bucket is not owned by {}"
        <- "S3 user guide, verifying bucket ownership with bucket owner condition";
    BUCKET_NAME [CreateBucket] "InvalidBucketName"
        "The specified bucket is not valid: {}"
        <- "S3 user guide, general purpose bucket naming rules";
    TAKEN [CreateBucket] "BucketAlreadyExists" (409)
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
        <- "CreateBucket API reference, BucketAlreadyExists";
    OWNED [CreateBucket] "BucketAlreadyOwnedByYou" (409)
        "Your previous request to create the named bucket succeeded and you already own it."
        <- "aws-semantics.md 8; CreateBucket API reference: all regions but us-east-1";
    JUST_DELETED [CreateBucket] "OperationAborted" (409)
        "A conflicting conditional operation is currently in progress against this resource. Please try again."
        <- "aws-semantics.md 8: fast re-creation";
    LOCATION [CreateBucket] "IllegalLocationConstraintException"
        "The {} location constraint is incompatible for the region specific endpoint this request was sent to."
        <- "CreateBucket API reference, LocationConstraint";
    NOT_EMPTY [DeleteBucket] "BucketNotEmpty" (409)
        "The bucket you tried to delete is not empty.{}"
        <- "aws-semantics.md 8; DeleteBucket API reference: versions and markers count";
    NO_TAGS [GetBucketTagging] "NoSuchTagSet" (404)
        "The TagSet does not exist"
        <- "aws-semantics.md 0.1; GetBucketTagging API reference";
    RESERVED_TAG [CreateBucket, PutBucketTagging] "InvalidTag"
        "System tags cannot be added/updated by requester"
        <- "PutBucketTagging API reference, InvalidTag";
    TAG_TWICE [CreateBucket, PutBucketTagging] "InvalidTag"
        "Cannot provide multiple Tags with the same key"
        <- "PutBucketTagging API reference, InvalidTag";
    TOO_MANY_TAGS [CreateBucket, PutBucketTagging] "BadRequest"
        "Bucket tag count cannot be greater than 50"
        <- "S3 user guide, cost allocation tags: 50";
    NO_POLICY [GetBucketPolicy] "NoSuchBucketPolicy" (404)
        "The bucket policy does not exist"
        <- "GetBucketPolicy API reference";
    POLICY [PutBucketPolicy] "MalformedPolicy"
        "{}"
        <- "aws-semantics.md 0; S3 API reference, error responses, MalformedPolicy";
    PUBLIC_POLICY [PutBucketPolicy] "AccessDenied" (403)
        "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        <- "S3 user guide, blocking public access: BlockPublicPolicy";
    NO_ACCESS_BLOCK [GetPublicAccessBlock] "NoSuchPublicAccessBlockConfiguration" (404)
        "The public access block configuration was not found"
        <- "GetPublicAccessBlock API reference";
    NO_OWNERSHIP [GetBucketOwnershipControls] "OwnershipControlsNotFoundError" (404)
        "The bucket ownership controls were not found"
        <- "GetBucketOwnershipControls API reference";
    NO_LIFECYCLE [GetBucketLifecycleConfiguration] "NoSuchLifecycleConfiguration" (404)
        "The lifecycle configuration does not exist"
        <- "GetBucketLifecycleConfiguration API reference";
    LIFECYCLE_ID [PutBucketLifecycleConfiguration] "InvalidArgument"
        "Rule ID must be unique. Found same ID for one or more rules"
        <- "PutBucketLifecycleConfiguration API reference, ID";
    LIFECYCLE_ACTION [PutBucketLifecycleConfiguration] "InvalidRequest"
        "At least one action needs to be specified in a rule"
        <- "S3 user guide, lifecycle configuration elements";
    LIFECYCLE_FILTER [PutBucketLifecycleConfiguration] "MalformedXML"
        "The XML you provided was not well-formed or did not validate against our published schema"
        <- "PutBucketLifecycleConfiguration API reference: Filter or Prefix, not both";
    LIFECYCLE_DAYS [PutBucketLifecycleConfiguration] "InvalidArgument"
        "'Days' for {} action must be a positive integer"
        <- "S3 user guide, lifecycle configuration elements";
    ENCRYPTION_KEY [PutBucketEncryption] "InvalidArgument"
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
        <- "ServerSideEncryptionByDefault API reference, KMSMasterKeyID";
    ONE_RULE [PutBucketEncryption, PutBucketOwnershipControls] "MalformedXML"
        "The XML you provided was not well-formed or did not validate against our published schema."
        <- "PutBucketEncryption and PutBucketOwnershipControls API references: one rule";
    NO_KEY [GetObject, HeadObject] "NoSuchKey" (404)
        "The specified key does not exist."
        <- "GetObject API reference, NoSuchKey";
    NO_VERSION [GetObject, HeadObject] "NoSuchVersion" (404)
        "The specified version does not exist."
        <- "S3 API reference, error responses";
    MARKER [GetObject, HeadObject] "MethodNotAllowed" (405)
        "The specified method is not allowed against this resource."
        <- "S3 user guide, working with delete markers";
    NO_UPLOAD [AbortMultipartUpload] "NoSuchUpload" (404)
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
        <- "AbortMultipartUpload API reference, NoSuchUpload";
    TOO_MANY_KEYS [DeleteObjects] "MalformedXML"
        "The XML you provided was not well-formed or did not validate against our published schema: {} keys"
        <- "DeleteObjects API reference: at most 1000 keys";
    TOKEN [ListObjectsV2] "InvalidArgument"
        "The continuation token provided is incorrect"
        <- "ListObjectsV2 API reference, ContinuationToken";
    VERSION_MARKER [ListObjectVersions] "InvalidArgument"
        "A version-id marker cannot be specified without a key marker."
        <- "ListObjectVersions API reference, VersionIdMarker";
}
