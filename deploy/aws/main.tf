# A user pool that Registrar can use, an app client whose tokens it accepts, and the identity that it has in AWS.
#
#   terraform init
#   terraform apply -var region=eu-west-2 -var domain=your-own-prefix
#
# With -var user_pool_id=… the pool and its app client are left to whoever has made them: the tag is added by
# `npm run doctor -- --add-tag`, because Terraform cannot add an attribute to a pool without making it anew.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.98, < 7.0"
    }
  }
}

variable "region" {
  description = "The region of the user pool: AWS_REGION."
  type        = string
}

variable "name" {
  description = "What the pool, the app client and the identity are called."
  type        = string
  default     = "registrar"
}

variable "user_pool_id" {
  description = "A pool that exists already. Empty: one is made."
  type        = string
  default     = ""
}

variable "domain" {
  description = "The prefix of the pool's sign-in pages, unique in the region. Empty: none are made."
  type        = string
  default     = ""
}

variable "callback_urls" {
  description = "Where the sign-in pages send people back to."
  type        = list(string)
  default     = ["http://localhost:5173/"]
}

variable "console_urls" {
  description = "Where the console is: https://<the service>/console/. People come back there after signing in and out."
  type        = list(string)
  default     = []
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  makes_pool = var.user_pool_id == ""
  pool_id    = local.makes_pool ? one(aws_cognito_user_pool.pool[*].id) : var.user_pool_id
  pool_arn   = "arn:${data.aws_partition.current.partition}:cognito-idp:${var.region}:${data.aws_caller_identity.current.account_id}:userpool/${local.pool_id}"

  # The actions are written down once, where a test holds them to what the service sends.
  actions = {
    service = jsondecode(file("${path.module}/../iam-policy.json")).Statement[0].Action
    doctor  = jsondecode(file("${path.module}/../iam-policy-doctor.json")).Statement[0].Action
  }
}

resource "aws_cognito_user_pool" "pool" {
  count = local.makes_pool ? 1 : 0

  name                = var.name
  username_attributes = ["email"]
  deletion_protection = "ACTIVE"
  mfa_configuration   = "OPTIONAL"

  username_configuration {
    case_sensitive = false
  }

  software_token_mfa_configuration {
    enabled = true
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  auto_verified_attributes = ["email"]

  # The ownership tag: OWNERSHIP_ATTRIBUTE is custom:registration_id.
  schema {
    name                = "registration_id"
    attribute_data_type = "String"
    mutable             = false

    string_attribute_constraints {
      min_length = "0"
      max_length = "36"
    }
  }

  # An attribute cannot be changed or removed. Without this, one that is added later breaks every apply.
  lifecycle {
    ignore_changes  = [schema]
    prevent_destroy = true
  }
}

resource "aws_cognito_user_pool_domain" "domain" {
  count = local.makes_pool && var.domain != "" ? 1 : 0

  domain       = var.domain
  user_pool_id = local.pool_id
}

resource "aws_cognito_user_pool_client" "client" {
  count = local.makes_pool ? 1 : 0

  name         = var.name
  user_pool_id = local.pool_id

  # SRP and the sign-in pages are for people; the admin flow is for whoever has AWS keys, and gives the first token.
  explicit_auth_flows = [
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
  ]

  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email"]
  callback_urls                        = concat(var.callback_urls, var.console_urls)
  logout_urls                          = var.console_urls
  supported_identity_providers         = ["COGNITO"]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true
  access_token_validity                = 60

  token_validity_units {
    access_token = "minutes"
  }
}

data "aws_iam_policy_document" "service" {
  statement {
    sid       = "Registrar"
    actions   = local.actions.service
    resources = [local.pool_arn]
  }
}

data "aws_iam_policy_document" "doctor" {
  statement {
    sid       = "RegistrarDoctor"
    actions   = local.actions.doctor
    resources = [local.pool_arn]
  }
}

resource "aws_iam_policy" "service" {
  name   = var.name
  policy = data.aws_iam_policy_document.service.json
}

# For the person who runs `npm run doctor`: attach it to them.
resource "aws_iam_policy" "doctor" {
  name   = "${var.name}-doctor"
  policy = data.aws_iam_policy_document.doctor.json
}

# Its keys are made by hand (docs/deploy.md), so that they are in no state file.
resource "aws_iam_user" "service" {
  name = var.name
}

resource "aws_iam_user_policy_attachment" "service" {
  user       = aws_iam_user.service.name
  policy_arn = aws_iam_policy.service.arn
}

output "AWS_COGNITO_USER_POOL_ID" {
  value = local.pool_id
}

output "AWS_COGNITO_APP_CLIENT_ID" {
  description = "Of a pool that was made elsewhere: name its own client."
  value       = one(aws_cognito_user_pool_client.client[*].id)
}

output "COGNITO_DOMAIN" {
  description = "Where the console signs in; empty without -var domain."
  value       = one([for domain in aws_cognito_user_pool_domain.domain : "https://${domain.domain}.auth.${var.region}.amazoncognito.com"])
}

output "doctor_policy_arn" {
  value = aws_iam_policy.doctor.arn
}
