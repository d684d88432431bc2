//! What ECR refuses.

use crate::rules::rules;

rules! { "ecr":
    EXISTS [CreateRepository] "RepositoryAlreadyExistsException"
        "The repository with name '{}' already exists in the registry with id '{}'"
        <- "aws-semantics.md 5; CreateRepository API reference";
    NOT_FOUND [DescribeRepositories, DeleteRepository, PutImageTagMutability,
        PutImageScanningConfiguration, PutLifecyclePolicy, GetLifecyclePolicy,
        DeleteLifecyclePolicy, SetRepositoryPolicy, GetRepositoryPolicy, DeleteRepositoryPolicy,
        TagResource, UntagResource, ListTagsForResource, PutImage, ListImages, DescribeImages,
        BatchGetImage, BatchDeleteImage]
        "RepositoryNotFoundException"
        "The repository with name '{}' does not exist in the registry with id '{}'"
        <- "API reference of each operation";
    NOT_EMPTY [DeleteRepository] "RepositoryNotEmptyException"
        "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images"
        <- "aws-semantics.md 5; DeleteRepository API reference";
    OWN_REGISTRY [CreateRepository] "InvalidParameterException"
        "Invalid parameter at 'registryId' failed to satisfy constraint: 'a repository is made in the registry of the calling account'"
        <- "CreateRepository API reference, registryId";
    EXCLUSIONS [CreateRepository, PutImageTagMutability] "InvalidParameterException"
        "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: '{}'"
        <- "aws-semantics.md 5; CreateRepository API reference";
    ENCRYPTION [CreateRepository] "InvalidParameterException"
        "Invalid parameter at 'encryptionConfiguration' failed to satisfy constraint: 'a kmsKey may be given for KMS and KMS_DSSE only'"
        <- "API reference, EncryptionConfiguration";
    TAG [CreateRepository, TagResource] "InvalidTagParameterException"
        "Invalid parameter at 'tags' failed to satisfy constraint: '{}'"
        <- "API reference, Tag; TagResource API reference, errors";
    TAG_COUNT [CreateRepository, TagResource] "TooManyTagsException"
        "Too many tags: a repository may have at most 50"
        <- "TagResource API reference, errors";
    ARN [TagResource, UntagResource, ListTagsForResource] "InvalidParameterException"
        "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"
        <- "TagResource API reference, resourceArn";
    NAMES_AND_PAGES [DescribeRepositories, DescribeImages] "InvalidParameterException"
        "Invalid parameter at '{}' failed to satisfy constraint: 'cannot be used together with {}'"
        <- "DescribeRepositories API reference, maxResults and nextToken";
    TOKEN [DescribeRepositories, ListImages, DescribeImages] "InvalidParameterException"
        "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"
        <- "DescribeRepositories API reference, nextToken";
    LIFECYCLE [PutLifecyclePolicy] "InvalidParameterException"
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {}'"
        <- "ECR user guide, lifecycle policy properties";
    NO_LIFECYCLE [GetLifecyclePolicy, DeleteLifecyclePolicy] "LifecyclePolicyNotFoundException"
        "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'"
        <- "aws-semantics.md 5; GetLifecyclePolicy API reference";
    POLICY [SetRepositoryPolicy] "InvalidParameterException"
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
        <- "aws-semantics.md 0 (IAM); SetRepositoryPolicy API reference";
    NO_POLICY [GetRepositoryPolicy, DeleteRepositoryPolicy] "RepositoryPolicyNotFoundException"
        "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'"
        <- "aws-semantics.md 5; GetRepositoryPolicy API reference";
    MANIFEST [PutImage] "InvalidParameterException"
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{}'"
        <- "PutImage API reference, imageManifest";
    DIGEST [PutImage] "ImageDigestDoesNotMatchException"
        "The digest of the manifest is '{}', not '{}'"
        <- "PutImage API reference, errors";
    IMAGE_EXISTS [PutImage] "ImageAlreadyExistsException"
        "Image with digest '{}' and tag '{}' already exists in the repository with name '{}' in registry with id '{}'"
        <- "PutImage API reference, errors";
    TAG_EXISTS [PutImage] "ImageTagAlreadyExistsException"
        "The image tag '{}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable."
        <- "PutImage API reference, errors; ECR user guide, tag mutability";
    NO_IMAGE [DescribeImages] "ImageNotFoundException"
        "The image with imageId {} does not exist within the repository with name '{}' in the registry with id '{}'"
        <- "DescribeImages API reference, errors";
}
