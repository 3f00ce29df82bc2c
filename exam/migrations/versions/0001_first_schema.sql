-- Drafted from the models by `python -m exam.migrations.draft`; do not edit.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SCHEMA IF NOT EXISTS exam;

CREATE SCHEMA IF NOT EXISTS scheduling;

CREATE SCHEMA IF NOT EXISTS scoring;

CREATE SCHEMA IF NOT EXISTS certificates;

CREATE SCHEMA IF NOT EXISTS platform;

CREATE TABLE certificates.certificates (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    token TEXT NOT NULL,
    status TEXT NOT NULL,
    registration_id UUID NOT NULL,
    outcome_id UUID NOT NULL,
    outcome_version INTEGER NOT NULL,
    batch_id UUID NOT NULL,
    person_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    release_id UUID,
    begun_by UUID NOT NULL,
    template TEXT NOT NULL,
    template_sha256 VARCHAR(64) NOT NULL,
    compiled VARCHAR(64) DEFAULT '' NOT NULL,
    face JSONB NOT NULL,
    id_sealed TEXT NOT NULL,
    photo_sha256 VARCHAR(64) NOT NULL,
    record_sha256 VARCHAR(64) NOT NULL,
    leaf_index BIGINT,
    numbered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE,
    sha256 VARCHAR(64),
    issued_at TIMESTAMP WITH TIME ZONE,
    issued_on DATE NOT NULL,
    issued_by UUID,
    ended_at TIMESTAMP WITH TIME ZONE,
    renewal TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_certificates PRIMARY KEY (id),
    CONSTRAINT ck_certificates_status CHECK (status IN ('numbered', 'rendered', 'signed', 'issued', 'superseded', 'reissued', 'revoked', 'voided')),
    CONSTRAINT uq_certificates_number_version UNIQUE (number, version),
    CONSTRAINT uq_certificates_token UNIQUE (token),
    CONSTRAINT ck_certificates_signed_bytes CHECK (status IN ('numbered', 'rendered', 'voided') OR sha256 IS NOT NULL),
    CONSTRAINT ck_certificates_issued_time CHECK ((issued_at IS NULL) = (status IN ('numbered', 'rendered', 'signed', 'voided'))),
    CONSTRAINT uq_certificates_leaf_index UNIQUE (leaf_index),
    CONSTRAINT uq_certificates_sha256 UNIQUE (sha256)
);

CREATE INDEX ix_certificates_batch_id ON certificates.certificates (batch_id);

CREATE INDEX ix_certificates_ended ON certificates.certificates (id) WHERE status IN ('reissued', 'revoked', 'superseded', 'voided');

CREATE INDEX ix_certificates_number ON certificates.certificates (number);

CREATE INDEX ix_certificates_organisation_id ON certificates.certificates (organisation_id);

CREATE INDEX ix_certificates_outcome_id ON certificates.certificates (outcome_id);

CREATE INDEX ix_certificates_person_id ON certificates.certificates (person_id);

CREATE INDEX ix_certificates_registration_id ON certificates.certificates (registration_id);

CREATE INDEX ix_certificates_release_id ON certificates.certificates (release_id);

CREATE UNIQUE INDEX uq_certificates_issued_number ON certificates.certificates (number) WHERE status = 'issued';

CREATE UNIQUE INDEX uq_certificates_issued_outcome ON certificates.certificates (outcome_id) WHERE status = 'issued';

CREATE UNIQUE INDEX uq_certificates_unfinished_number ON certificates.certificates (number) WHERE status IN ('numbered', 'rendered', 'signed');

CREATE OR REPLACE FUNCTION exam.forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;

CREATE TRIGGER certificates_no_delete BEFORE DELETE ON certificates.certificates FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER certificates_no_truncate BEFORE TRUNCATE ON certificates.certificates FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.credit_proposals (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    level TEXT NOT NULL,
    version INTEGER NOT NULL,
    hours NUMERIC(12, 4) NOT NULL,
    credits NUMERIC(12, 4) NOT NULL,
    rule TEXT NOT NULL,
    status TEXT NOT NULL,
    recognised NUMERIC(12, 4),
    message TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    proposed_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_credit_proposals PRIMARY KEY (id),
    CONSTRAINT ck_credit_proposals_status CHECK (status IN ('proposal_due', 'proposed', 'review', 'recognised', 'refused', 'published')),
    CONSTRAINT uq_credit_proposals_certificate_id_level_version UNIQUE (certificate_id, level, version),
    CONSTRAINT ck_credit_proposals_positive CHECK (hours > 0 AND credits > 0),
    CONSTRAINT ck_credit_proposals_recognised CHECK ((status IN ('recognised', 'published')) = (recognised IS NOT NULL))
);

CREATE TABLE certificates.credit_records (
    number TEXT NOT NULL,
    id UUID NOT NULL,
    registration_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    institution_id UUID,
    issued_on DATE NOT NULL,
    status TEXT NOT NULL,
    credits NUMERIC(12, 4),
    stored_at TIMESTAMP WITH TIME ZONE,
    asked_at TIMESTAMP WITH TIME ZONE,
    course TEXT NOT NULL,
    course_credits NUMERIC(12, 4),
    reason TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by UUID,
    told_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoked_sent_at TIMESTAMP WITH TIME ZONE,
    revoked_told_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_credit_records PRIMARY KEY (number),
    CONSTRAINT ck_credit_records_status CHECK (status IN ('account_missing', 'account_open', 'stored', 'conversion_requested', 'school_review', 'converted', 'refused')),
    CONSTRAINT ck_credit_records_stored CHECK (status IN ('account_missing', 'account_open') OR credits IS NOT NULL),
    CONSTRAINT ck_credit_records_converted CHECK (status <> 'converted' OR (course <> '' AND course_credits > 0 AND course_credits <= credits)),
    CONSTRAINT ck_credit_records_revoked CHECK (revoked_at IS NOT NULL OR (revoked_sent_at IS NULL AND revoked_told_at IS NULL)),
    CONSTRAINT ck_credit_records_refused CHECK (status <> 'refused' OR reason <> ''),
    CONSTRAINT uq_credit_records_id UNIQUE (id)
);

CREATE INDEX ix_credit_records_institution_id_status ON certificates.credit_records (institution_id, status);

CREATE INDEX ix_credit_records_registration_id ON certificates.credit_records (registration_id);

CREATE TABLE certificates.designs (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    organisation_id UUID,
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    html TEXT NOT NULL,
    style TEXT NOT NULL,
    seal_mm JSONB NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    revision INTEGER NOT NULL,
    based_on TEXT NOT NULL,
    authors UUID[] NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    submitted_by UUID,
    submitted_at TIMESTAMP WITH TIME ZONE,
    approved_by UUID,
    approved_at TIMESTAMP WITH TIME ZONE,
    published_by UUID,
    published_at TIMESTAMP WITH TIME ZONE,
    retired_at TIMESTAMP WITH TIME ZONE,
    used_at TIMESTAMP WITH TIME ZONE,
    way TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_designs PRIMARY KEY (id),
    CONSTRAINT ck_designs_status CHECK (status IN ('draft', 'submitted', 'approved', 'published', 'retired')),
    CONSTRAINT uq_designs_name UNIQUE (name),
    CONSTRAINT ck_designs_version CHECK (version >= 2),
    CONSTRAINT ck_designs_approved_at CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CONSTRAINT ck_designs_two_people CHECK (approved_by <> submitted_by AND approved_by <> ALL (authors)),
    CONSTRAINT ck_designs_approved CHECK (status NOT IN ('approved', 'published') OR approved_by IS NOT NULL),
    CONSTRAINT ck_designs_submitted CHECK (status = 'draft' OR status = 'retired' OR submitted_by IS NOT NULL),
    CONSTRAINT ck_designs_published CHECK ((published_at IS NULL) OR approved_by IS NOT NULL),
    CONSTRAINT ck_designs_used CHECK (used_at IS NULL OR published_at IS NOT NULL)
);

CREATE INDEX ix_designs_organisation_id ON certificates.designs (organisation_id);

CREATE UNIQUE INDEX uq_designs_in_force ON certificates.designs (coalesce(organisation_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE status = 'published';

CREATE OR REPLACE FUNCTION certificates.keep_design() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.status <> 'draft' AND (NEW.html, NEW.style, NEW.seal_mm, NEW.sha256, NEW.name, NEW.organisation_id, NEW.version, NEW.authors) IS DISTINCT FROM (OLD.html, OLD.style, OLD.seal_mm, OLD.sha256, OLD.name, OLD.organisation_id, OLD.version, OLD.authors) THEN RAISE EXCEPTION 'design % is frozen', OLD.name USING ERRCODE = 'restrict_violation'; END IF; IF OLD.status IN ('approved', 'published', 'retired') AND (NEW.status IN ('draft', 'submitted') OR NEW.approved_by IS DISTINCT FROM OLD.approved_by OR OLD.used_at IS DISTINCT FROM NEW.used_at AND OLD.used_at IS NOT NULL) THEN RAISE EXCEPTION 'design % is approved', OLD.name USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$;

CREATE TRIGGER designs_frozen BEFORE UPDATE ON certificates.designs FOR EACH ROW EXECUTE FUNCTION certificates.keep_design();

CREATE TRIGGER designs_no_delete BEFORE DELETE ON certificates.designs FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER designs_no_truncate BEFORE TRUNCATE ON certificates.designs FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.downloads (
    sha256 VARCHAR(64) NOT NULL,
    count INTEGER NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_downloads PRIMARY KEY (sha256),
    CONSTRAINT ck_downloads_count CHECK (count > 0)
);

CREATE TABLE certificates.enquirers (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    purpose TEXT NOT NULL,
    quota INTEGER NOT NULL,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_by UUID,
    closed_at TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    CONSTRAINT pk_enquirers PRIMARY KEY (id),
    CONSTRAINT ck_enquirers_quota CHECK (quota BETWEEN 1 AND 20000),
    CONSTRAINT ck_enquirers_ends CHECK (ends_at > made_at AND ends_at <= made_at + interval '366 days'),
    CONSTRAINT ck_enquirers_closed_by CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CONSTRAINT ck_enquirers_reason CHECK ((closed_at IS NULL) = (reason = ''))
);

CREATE INDEX ix_enquirers_organisation_id ON certificates.enquirers (organisation_id);

CREATE TABLE certificates.halts (
    id UUID NOT NULL,
    reason TEXT NOT NULL,
    halted_by UUID NOT NULL,
    halted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    first_by UUID,
    first_at TIMESTAMP WITH TIME ZONE,
    resumed_by UUID,
    resumed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_halts PRIMARY KEY (id),
    CONSTRAINT ck_halts_reason CHECK (reason <> ''),
    CONSTRAINT ck_halts_two_people CHECK (resumed_at IS NULL OR (first_by IS NOT NULL AND resumed_by <> first_by)),
    CONSTRAINT ck_halts_resumed_by CHECK ((resumed_at IS NULL) = (resumed_by IS NULL)),
    CONSTRAINT ck_halts_first_by CHECK ((first_at IS NULL) = (first_by IS NULL))
);

CREATE UNIQUE INDEX uq_halts_in_force ON certificates.halts ((true)) WHERE resumed_at IS NULL;

CREATE TRIGGER halts_no_delete BEFORE DELETE ON certificates.halts FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER halts_no_truncate BEFORE TRUNCATE ON certificates.halts FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.handover_transfers (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    institution_id UUID NOT NULL,
    count INTEGER NOT NULL,
    handed_to TEXT NOT NULL,
    on_date DATE NOT NULL,
    noted_by UUID NOT NULL,
    noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_handover_transfers PRIMARY KEY (id),
    CONSTRAINT ck_handover_transfers_count CHECK (count > 0 AND handed_to <> '')
);

CREATE INDEX ix_handover_transfers_organisation_id ON certificates.handover_transfers (organisation_id);

CREATE TRIGGER handover_transfers_append_only BEFORE UPDATE OR DELETE ON certificates.handover_transfers FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER handover_transfers_no_truncate BEFORE TRUNCATE ON certificates.handover_transfers FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.ledger_checkpoints (
    size BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_ledger_checkpoints PRIMARY KEY (size)
);

CREATE TRIGGER ledger_checkpoints_append_only BEFORE UPDATE OR DELETE ON certificates.ledger_checkpoints FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER ledger_checkpoints_no_truncate BEFORE TRUNCATE ON certificates.ledger_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.ledger_entries (
    seq BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    event TEXT NOT NULL,
    certificate_id UUID NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    reason TEXT NOT NULL,
    salt TEXT,
    leaf VARCHAR(64) NOT NULL,
    previous VARCHAR(64) NOT NULL,
    entry_sha256 VARCHAR(64) NOT NULL,
    CONSTRAINT pk_ledger_entries PRIMARY KEY (seq),
    CONSTRAINT ck_ledger_entries_event CHECK (event IN ('issue', 'correct', 'replace', 'revoke', 'reprint')),
    CONSTRAINT uq_ledger_entries_number_version_event UNIQUE (number, version, event),
    CONSTRAINT uq_ledger_entries_previous UNIQUE (previous)
);

CREATE INDEX ix_ledger_entries_certificate_id ON certificates.ledger_entries (certificate_id);

CREATE INDEX ix_ledger_entries_sha256 ON certificates.ledger_entries (sha256);

CREATE OR REPLACE FUNCTION certificates.only_the_salt_goes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'UPDATE' THEN IF OLD.salt IS NOT NULL AND NEW.salt IS NULL AND to_jsonb(NEW) - 'salt' = to_jsonb(OLD) - 'salt' AND EXISTS (SELECT FROM certificates.ledger_erasures one WHERE one.certificate_id = OLD.certificate_id AND one.status = 'granted') THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;

CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON certificates.ledger_entries FOR EACH ROW EXECUTE FUNCTION certificates.only_the_salt_goes();

CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON certificates.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION certificates.only_the_salt_goes();

CREATE TABLE certificates.ledger_erasures (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked_by UUID NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ledger_erasures PRIMARY KEY (id),
    CONSTRAINT ck_ledger_erasures_status CHECK (status IN ('asked', 'granted', 'refused')),
    CONSTRAINT ck_ledger_erasures_decided CHECK ((status = 'asked') = (decided_by IS NULL)),
    CONSTRAINT ck_ledger_erasures_decided_at CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_ledger_erasures_two_people CHECK (decided_by <> asked_by),
    CONSTRAINT ck_ledger_erasures_reason CHECK (reason <> '')
);

CREATE UNIQUE INDEX uq_ledger_erasures_open ON certificates.ledger_erasures (certificate_id) WHERE status <> 'refused';

CREATE TABLE certificates.ledger_heads (
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_ledger_heads PRIMARY KEY (size)
);

CREATE TRIGGER ledger_heads_append_only BEFORE UPDATE OR DELETE ON certificates.ledger_heads FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER ledger_heads_no_truncate BEFORE TRUNCATE ON certificates.ledger_heads FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.ledger_leaves (
    index BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    event TEXT NOT NULL,
    certificate_id UUID NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    entry BYTEA NOT NULL,
    leaf_hash BYTEA NOT NULL,
    salt TEXT,
    CONSTRAINT pk_ledger_leaves PRIMARY KEY (index),
    CONSTRAINT ck_ledger_leaves_event CHECK (event IN ('issue', 'correct', 'replace', 'revoke', 'reprint')),
    CONSTRAINT ck_ledger_leaves_leaf_hash CHECK (octet_length(leaf_hash) = 32)
);

CREATE INDEX ix_ledger_leaves_certificate_id ON certificates.ledger_leaves (certificate_id);

CREATE UNIQUE INDEX uq_ledger_leaves_event ON certificates.ledger_leaves (certificate_id, event) WHERE event <> 'reprint';

CREATE TRIGGER ledger_leaves_append_only BEFORE UPDATE OR DELETE ON certificates.ledger_leaves FOR EACH ROW EXECUTE FUNCTION certificates.only_the_salt_goes();

CREATE TRIGGER ledger_leaves_no_truncate BEFORE TRUNCATE ON certificates.ledger_leaves FOR EACH STATEMENT EXECUTE FUNCTION certificates.only_the_salt_goes();

CREATE TABLE certificates.ledger_nodes (
    level INTEGER NOT NULL,
    index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_ledger_nodes PRIMARY KEY (level, index),
    CONSTRAINT ck_ledger_nodes_hash CHECK (octet_length(hash) = 32 AND level > 0)
);

CREATE TRIGGER ledger_nodes_append_only BEFORE UPDATE OR DELETE ON certificates.ledger_nodes FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER ledger_nodes_no_truncate BEFORE TRUNCATE ON certificates.ledger_nodes FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.nightly_checks (
    id UUID NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    asked_by UUID,
    total_count INTEGER NOT NULL,
    due_count INTEGER NOT NULL,
    read_count INTEGER NOT NULL,
    wrong_count INTEGER NOT NULL,
    ledger_findings JSONB NOT NULL,
    CONSTRAINT pk_nightly_checks PRIMARY KEY (id),
    CONSTRAINT ck_nightly_checks_counts CHECK (0 <= read_count AND read_count <= due_count AND due_count <= total_count),
    CONSTRAINT ck_nightly_checks_wrong CHECK (wrong_count <= read_count)
);

CREATE UNIQUE INDEX uq_nightly_checks_open ON certificates.nightly_checks ((true)) WHERE ended_at IS NULL;

CREATE TABLE certificates.number_counters (
    issuer_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    last_serial INTEGER NOT NULL,
    CONSTRAINT pk_number_counters PRIMARY KEY (issuer_code, year),
    CONSTRAINT ck_number_counters_last_serial CHECK (last_serial >= 0)
);

CREATE TABLE certificates.numbers (
    number TEXT NOT NULL,
    scheme_version INTEGER NOT NULL,
    issuer_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    registration_id UUID NOT NULL,
    outcome_id UUID NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    voided_at TIMESTAMP WITH TIME ZONE,
    void_reason TEXT NOT NULL,
    CONSTRAINT pk_numbers PRIMARY KEY (number),
    CONSTRAINT uq_numbers_issuer_code_year_serial UNIQUE (issuer_code, year, serial),
    CONSTRAINT ck_numbers_void_reason CHECK ((voided_at IS NULL) = (void_reason = ''))
);

CREATE UNIQUE INDEX uq_numbers_live_outcome ON certificates.numbers (outcome_id) WHERE voided_at IS NULL;

CREATE UNIQUE INDEX uq_numbers_live_registration ON certificates.numbers (registration_id) WHERE voided_at IS NULL;

CREATE TRIGGER numbers_no_delete BEFORE DELETE ON certificates.numbers FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER numbers_no_truncate BEFORE TRUNCATE ON certificates.numbers FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.packs (
    id UUID NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    institution_id UUID,
    order_id UUID,
    names TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    done INTEGER NOT NULL,
    size BIGINT,
    etag TEXT NOT NULL,
    problem TEXT NOT NULL,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_packs PRIMARY KEY (id),
    CONSTRAINT ck_packs_status CHECK (status IN ('preparing', 'ready', 'refused')),
    CONSTRAINT ck_packs_owner_kind CHECK (owner_kind IN ('organisation', 'institution')),
    CONSTRAINT ck_packs_names CHECK (names IN ('full', 'masked')),
    CONSTRAINT ck_packs_done CHECK (count > 0 AND done >= 0 AND done <= count),
    CONSTRAINT ck_packs_ready CHECK (status <> 'ready' OR (done = count AND size IS NOT NULL AND etag <> '')),
    CONSTRAINT ck_packs_problem CHECK ((status = 'refused') = (problem <> ''))
);

CREATE INDEX ix_packs_owner ON certificates.packs (owner_kind, owner_id, made_at);

CREATE TABLE certificates.paper_intakes (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    first_serial TEXT NOT NULL,
    last_serial TEXT NOT NULL,
    sheets_count INTEGER NOT NULL,
    taken_in_by UUID NOT NULL,
    taken_in_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_paper_intakes PRIMARY KEY (id),
    CONSTRAINT ck_paper_intakes_sheets_count CHECK (sheets_count > 0)
);

CREATE INDEX ix_paper_intakes_organisation_id ON certificates.paper_intakes (organisation_id);

CREATE TRIGGER paper_intakes_append_only BEFORE UPDATE OR DELETE ON certificates.paper_intakes FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER paper_intakes_no_truncate BEFORE TRUNCATE ON certificates.paper_intakes FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.platform_files (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    status TEXT NOT NULL,
    format TEXT NOT NULL,
    format_version INTEGER NOT NULL,
    format_sha256 VARCHAR(64) NOT NULL,
    rows_count INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    reason TEXT NOT NULL,
    organisation_ids UUID[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by UUID,
    handed_in_at TIMESTAMP WITH TIME ZONE,
    handed_in_by UUID,
    answered_at TIMESTAMP WITH TIME ZONE,
    answered_by UUID,
    receipt_sha256 VARCHAR(64),
    CONSTRAINT pk_platform_files PRIMARY KEY (id),
    CONSTRAINT ck_platform_files_status CHECK (status IN ('exported', 'handed_in', 'answered', 'cancelled')),
    CONSTRAINT uq_platform_files_number UNIQUE (number),
    CONSTRAINT ck_platform_files_rows_count CHECK (rows_count > 0),
    CONSTRAINT ck_platform_files_answered CHECK ((status = 'answered') = (answered_at IS NOT NULL))
);

CREATE TABLE certificates.platform_reconciliations (
    id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    platform TEXT NOT NULL,
    ours_count INTEGER NOT NULL,
    theirs_count INTEGER NOT NULL,
    same_count INTEGER NOT NULL,
    by UUID,
    problem TEXT NOT NULL,
    CONSTRAINT pk_platform_reconciliations PRIMARY KEY (id)
);

CREATE INDEX ix_platform_reconciliations_at ON certificates.platform_reconciliations (at);

CREATE TABLE certificates.platform_registrations (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    organisation_code TEXT NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    issued_on DATE NOT NULL,
    due_on DATE NOT NULL,
    due_provisional BOOLEAN NOT NULL,
    record_sealed TEXT NOT NULL,
    record_sha256 VARCHAR(64) NOT NULL,
    submission UUID,
    file_id UUID,
    attempts INTEGER NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE,
    submitted_at TIMESTAMP WITH TIME ZONE,
    accepted_at TIMESTAMP WITH TIME ZONE,
    verified_at TIMESTAMP WITH TIME ZONE,
    platform TEXT,
    platform_id TEXT,
    receipt JSONB,
    problem TEXT,
    reason TEXT NOT NULL,
    CONSTRAINT pk_platform_registrations PRIMARY KEY (id),
    CONSTRAINT ck_platform_registrations_status CHECK (status IN ('queued', 'exported', 'submitted', 'accepted', 'row_rejected', 'fixed', 'verified_public', 'correction_pending', 'withdrawal_pending', 'withdrawn')),
    CONSTRAINT uq_platform_registrations_number_version UNIQUE (number, version),
    CONSTRAINT ck_platform_registrations_receipt CHECK (status NOT IN ('accepted', 'verified_public') OR platform_id IS NOT NULL)
);

CREATE INDEX ix_platform_registrations_batch_id ON certificates.platform_registrations (batch_id);

CREATE INDEX ix_platform_registrations_certificate_id ON certificates.platform_registrations (certificate_id);

CREATE INDEX ix_platform_registrations_file_id ON certificates.platform_registrations (file_id);

CREATE INDEX ix_platform_registrations_status_due_on ON certificates.platform_registrations (status, due_on);

CREATE TABLE certificates.print_orders (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    institution TEXT NOT NULL,
    printer TEXT NOT NULL,
    setting JSONB NOT NULL,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_print_orders PRIMARY KEY (id)
);

CREATE INDEX ix_print_orders_organisation_id ON certificates.print_orders (organisation_id);

CREATE TRIGGER print_orders_append_only BEFORE UPDATE OR DELETE ON certificates.print_orders FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER print_orders_no_truncate BEFORE TRUNCATE ON certificates.print_orders FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.printers (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    name TEXT NOT NULL,
    dx_mm NUMERIC(5, 2) NOT NULL,
    dy_mm NUMERIC(5, 2) NOT NULL,
    bleed_mm NUMERIC(5, 2) NOT NULL,
    crop_marks BOOLEAN NOT NULL,
    background BOOLEAN NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_printers PRIMARY KEY (id),
    CONSTRAINT uq_printers_organisation_id_name UNIQUE (organisation_id, name)
);

CREATE TABLE certificates.releases (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    status TEXT NOT NULL,
    list_sha256 VARCHAR(64) NOT NULL,
    issue_count INTEGER NOT NULL,
    held_count INTEGER NOT NULL,
    groups_count INTEGER NOT NULL,
    publishers UUID[] NOT NULL,
    proposed_by UUID NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    CONSTRAINT pk_releases PRIMARY KEY (id),
    CONSTRAINT ck_releases_status CHECK (status IN ('proposed', 'approved', 'returned', 'withdrawn')),
    CONSTRAINT ck_releases_decided CHECK ((status = 'proposed') = (decided_at IS NULL)),
    CONSTRAINT ck_releases_decided_by CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
    CONSTRAINT ck_releases_two_people CHECK (status <> 'approved' OR decided_by <> proposed_by),
    CONSTRAINT ck_releases_proposer_published CHECK (proposed_by <> ALL (publishers)),
    CONSTRAINT ck_releases_approver_published CHECK (status <> 'approved' OR decided_by <> ALL (publishers))
);

CREATE INDEX ix_releases_batch_id ON certificates.releases (batch_id);

CREATE TRIGGER releases_no_delete BEFORE DELETE ON certificates.releases FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON certificates.releases FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.signing_keys (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    backend TEXT NOT NULL,
    specimen BOOLEAN NOT NULL,
    certificate_sha256 VARCHAR(64) NOT NULL,
    public_sha256 VARCHAR(64) NOT NULL,
    chain TEXT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    in_force_from TIMESTAMP WITH TIME ZONE NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    registered_by UUID,
    registered_name TEXT NOT NULL,
    ceremony_sha256 TEXT NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_signing_keys PRIMARY KEY (id),
    CONSTRAINT ck_signing_keys_purpose CHECK (purpose IN ('document', 'credential', 'ledger', 'export')),
    CONSTRAINT ck_signing_keys_validity CHECK (valid_from < valid_to),
    CONSTRAINT uq_signing_keys_name UNIQUE (name),
    CONSTRAINT uq_signing_keys_certificate_sha256 UNIQUE (certificate_sha256),
    CONSTRAINT uq_signing_keys_public_sha256 UNIQUE (public_sha256)
);

CREATE UNIQUE INDEX uq_signing_keys_open_purpose ON certificates.signing_keys (purpose) WHERE retired_at IS NULL;

CREATE TRIGGER signing_keys_no_delete BEFORE DELETE ON certificates.signing_keys FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER signing_keys_no_truncate BEFORE TRUNCATE ON certificates.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.accounts (
    id UUID NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT,
    secret_index VARCHAR(64),
    secret_sealed TEXT,
    person_id UUID,
    registration_id UUID,
    active BOOLEAN NOT NULL,
    failures INTEGER NOT NULL,
    blocked_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (id),
    CONSTRAINT ck_accounts_one_way_in CHECK ((password_hash IS NULL) <> (secret_index IS NULL)),
    CONSTRAINT uq_accounts_login UNIQUE (login),
    CONSTRAINT uq_accounts_registration_id UNIQUE (registration_id)
);

CREATE INDEX ix_accounts_person_id ON exam.accounts (person_id);

CREATE TABLE exam.announcements (
    id UUID NOT NULL,
    reach TEXT NOT NULL,
    target_id UUID NOT NULL,
    target_name TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    text_en TEXT NOT NULL,
    made_by UUID,
    made_name TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_announcements PRIMARY KEY (id),
    CONSTRAINT ck_announcements_reach CHECK (reach IN ('room', 'site', 'batch')),
    CONSTRAINT ck_announcements_text_zh CHECK (text_zh <> '')
);

CREATE INDEX ix_announcements_target ON exam.announcements (target_id, made_at);

CREATE TRIGGER announcements_append_only BEFORE UPDATE OR DELETE ON exam.announcements FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER announcements_no_truncate BEFORE TRUNCATE ON exam.announcements FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.attendance_amendments (
    id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    reason TEXT NOT NULL,
    room_closed BOOLEAN NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_attendance_amendments PRIMARY KEY (id),
    CONSTRAINT ck_attendance_amendments_reason CHECK (reason <> ''),
    CONSTRAINT ck_attendance_amendments_change CHECK ((from_status = 'absent') <> (to_status = 'absent'))
);

CREATE INDEX ix_attendance_amendments_room_session_id ON exam.attendance_amendments (room_session_id);

CREATE INDEX ix_attendance_amendments_sitting_id ON exam.attendance_amendments (sitting_id);

CREATE TRIGGER attendance_amendments_append_only BEFORE UPDATE OR DELETE ON exam.attendance_amendments FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER attendance_amendments_no_truncate BEFORE TRUNCATE ON exam.attendance_amendments FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.audit_records (
    id UUID NOT NULL,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    account_id UUID,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_ids UUID[] NOT NULL,
    data JSONB NOT NULL,
    previous_sha256 VARCHAR(64) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_records PRIMARY KEY (id),
    CONSTRAINT uq_audit_records_stream_seq UNIQUE (stream, seq)
);

CREATE INDEX ix_audit_records_subject ON exam.audit_records (subject);

CREATE INDEX ix_audit_records_subject_ids ON exam.audit_records USING gin (subject_ids);

CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE ON exam.audit_records FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER audit_records_no_truncate BEFORE TRUNCATE ON exam.audit_records FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.audit_streams (
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_streams PRIMARY KEY (stream)
);

CREATE TABLE exam.broken_attempts (
    id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    no INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    second_account_id UUID NOT NULL,
    second_name TEXT NOT NULL,
    CONSTRAINT pk_broken_attempts PRIMARY KEY (id),
    CONSTRAINT ck_broken_attempts_reason CHECK (reason <> ''),
    CONSTRAINT ck_broken_attempts_two_people CHECK (by_account_id IS DISTINCT FROM second_account_id),
    CONSTRAINT uq_broken_attempts_sitting_id_no UNIQUE (sitting_id, no)
);

CREATE TRIGGER broken_attempts_append_only BEFORE UPDATE OR DELETE ON exam.broken_attempts FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER broken_attempts_no_truncate BEFORE TRUNCATE ON exam.broken_attempts FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.cancelled_titles (
    id UUID NOT NULL,
    key TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    cancelled_on DATE NOT NULL,
    source TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entered_by UUID,
    CONSTRAINT pk_cancelled_titles PRIMARY KEY (id),
    CONSTRAINT uq_cancelled_titles_key UNIQUE (key)
);

CREATE TRIGGER cancelled_titles_append_only BEFORE UPDATE OR DELETE ON exam.cancelled_titles FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER cancelled_titles_no_truncate BEFORE TRUNCATE ON exam.cancelled_titles FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.deployment_overrides (
    id UUID NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    reason TEXT NOT NULL,
    first_by UUID NOT NULL,
    first_name TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    second_by UUID,
    second_name TEXT NOT NULL,
    second_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_deployment_overrides PRIMARY KEY (id),
    CONSTRAINT ck_deployment_overrides_reason CHECK (reason <> ''),
    CONSTRAINT ck_deployment_overrides_second CHECK ((second_by IS NULL) = (second_at IS NULL)),
    CONSTRAINT ck_deployment_overrides_two_people CHECK (second_by <> first_by)
);

CREATE INDEX ix_deployment_overrides_fingerprint ON exam.deployment_overrides (fingerprint);

CREATE TABLE exam.exam_batches (
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    organisation_ids UUID[] NOT NULL,
    province_code TEXT NOT NULL,
    filing_no TEXT NOT NULL,
    status TEXT NOT NULL,
    registration_opens_at TIMESTAMP WITH TIME ZONE NOT NULL,
    registration_closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_exam_batches PRIMARY KEY (id),
    CONSTRAINT ck_exam_batches_status CHECK (status IN ('planned', 'announced', 'registration_open', 'registration_closed', 'arranged', 'tickets_released', 'papers_sealed', 'in_progress', 'sessions_done', 'scoring', 'verified', 'published', 'review_window', 'final', 'certificates_issued', 'registered', 'settled', 'archived', 'postponed', 'cancelled')),
    CONSTRAINT ck_exam_batches_window CHECK (registration_closes_at > registration_opens_at),
    CONSTRAINT ck_exam_batches_days CHECK (last_day >= first_day),
    CONSTRAINT uq_exam_batches_code UNIQUE (code)
);

CREATE TABLE exam.fault_ladders (
    batch_id UUID NOT NULL,
    version INTEGER NOT NULL,
    site_minutes INTEGER NOT NULL,
    organisation_minutes INTEGER NOT NULL,
    province_minutes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    set_by UUID,
    set_name TEXT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_fault_ladders PRIMARY KEY (batch_id, version),
    CONSTRAINT ck_fault_ladders_order CHECK (site_minutes BETWEEN 1 AND organisation_minutes AND organisation_minutes <= province_minutes AND province_minutes <= 240)
);

CREATE TRIGGER fault_ladders_append_only BEFORE UPDATE OR DELETE ON exam.fault_ladders FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER fault_ladders_no_truncate BEFORE TRUNCATE ON exam.fault_ladders FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.heartbeats (
    source TEXT NOT NULL,
    id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_heartbeats PRIMARY KEY (source, id, room_session_id),
    CONSTRAINT ck_heartbeats_source CHECK (source IN ('page', 'computer', 'tablet'))
);

CREATE INDEX ix_heartbeats_room ON exam.heartbeats (room_session_id, source);

CREATE TABLE exam.items (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    level TEXT NOT NULL,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    stem TEXT NOT NULL,
    options JSONB NOT NULL,
    dimension TEXT NOT NULL,
    content_sha256 VARCHAR(64) NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by UUID,
    CONSTRAINT pk_items PRIMARY KEY (id),
    CONSTRAINT ck_items_kind CHECK (kind IN ('single', 'multiple', 'true_false', 'fill_in')),
    CONSTRAINT uq_items_certificate_id_level_code UNIQUE (certificate_id, level, code),
    CONSTRAINT uq_items_certificate_id_level_content_sha256 UNIQUE (certificate_id, level, content_sha256)
);

CREATE INDEX ix_items_certificate_id_level ON exam.items (certificate_id, level, kind);

CREATE TABLE exam.organisations (
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    CONSTRAINT pk_organisations PRIMARY KEY (id),
    CONSTRAINT ck_organisations_code CHECK (code ~ '^[0-9A-Z]{4}$'),
    CONSTRAINT uq_organisations_code UNIQUE (code),
    CONSTRAINT uq_organisations_name_zh UNIQUE (name_zh)
);

CREATE TABLE exam.papers (
    id UUID NOT NULL,
    component_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    level TEXT NOT NULL,
    batch_id UUID,
    version TEXT NOT NULL,
    seed BIGINT NOT NULL,
    content JSONB NOT NULL,
    content_sha256 VARCHAR(64) NOT NULL,
    items_count INTEGER NOT NULL,
    full_marks NUMERIC(12, 4) NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sealed_by UUID,
    CONSTRAINT pk_papers PRIMARY KEY (id)
);

CREATE INDEX ix_papers_component_id ON exam.papers (component_id, version, sealed_at);

CREATE TRIGGER papers_append_only BEFORE UPDATE OR DELETE ON exam.papers FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER papers_no_truncate BEFORE TRUNCATE ON exam.papers FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.people (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    name_latin TEXT NOT NULL,
    gender TEXT NOT NULL,
    ethnicity TEXT NOT NULL,
    id_type TEXT NOT NULL,
    id_sealed TEXT NOT NULL,
    id_blind VARCHAR(64) NOT NULL,
    id_masked TEXT NOT NULL,
    phone_sealed TEXT NOT NULL,
    photo_sha256 VARCHAR(64),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_people PRIMARY KEY (id),
    CONSTRAINT ck_people_id_type CHECK (id_type IN ('resident', 'hk_macau_permit', 'taiwan_permit', 'hmt_residence', 'passport', 'foreign_permanent')),
    CONSTRAINT ck_people_gender CHECK (gender IN ('male', 'female')),
    CONSTRAINT uq_people_id_blind UNIQUE (id_blind)
);

CREATE INDEX ix_people_name_sort ON exam.people (name_sort);

CREATE TABLE exam.rehearsals (
    id UUID NOT NULL,
    site_id UUID NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by UUID,
    made_name TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_rehearsals PRIMARY KEY (id)
);

CREATE INDEX ix_rehearsals_site ON exam.rehearsals (site_id);

CREATE TRIGGER rehearsals_append_only BEFORE UPDATE OR DELETE ON exam.rehearsals FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER rehearsals_no_truncate BEFORE TRUNCATE ON exam.rehearsals FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.reporting_units (
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    province_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent_code TEXT,
    reports_to_province BOOLEAN NOT NULL,
    gb2260_codes TEXT[] NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    CONSTRAINT pk_reporting_units PRIMARY KEY (code),
    CONSTRAINT ck_reporting_units_kind CHECK (kind IN ('直辖市', '地级市', '地区', '自治州', '盟', '省直辖县级', '自治区直辖县级(兵团)')),
    CONSTRAINT ck_reporting_units_valid CHECK (valid_to IS NULL OR valid_to > valid_from),
    CONSTRAINT fk_reporting_units_parent_code FOREIGN KEY(parent_code) REFERENCES exam.reporting_units (code)
);

CREATE INDEX ix_reporting_units_province_code ON exam.reporting_units (province_code);

CREATE TABLE exam.room_sessions (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    plan_id UUID NOT NULL,
    site_id UUID NOT NULL,
    site_code TEXT NOT NULL,
    site_name TEXT NOT NULL,
    site_name_en TEXT NOT NULL,
    site_address TEXT NOT NULL,
    site_address_en TEXT NOT NULL,
    prefecture_code TEXT NOT NULL,
    room_id UUID NOT NULL,
    room_name TEXT NOT NULL,
    room_name_en TEXT NOT NULL,
    component_id UUID NOT NULL,
    form TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    first_seat INTEGER NOT NULL,
    seats_count INTEGER NOT NULL,
    terms JSONB NOT NULL,
    status TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    expected INTEGER,
    present INTEGER,
    absent INTEGER,
    note TEXT,
    awaits_paper TEXT NOT NULL,
    CONSTRAINT pk_room_sessions PRIMARY KEY (id),
    CONSTRAINT ck_room_sessions_status CHECK (status IN ('planned', 'open', 'closed')),
    CONSTRAINT ck_room_sessions_period CHECK (ends_at > starts_at),
    CONSTRAINT ck_room_sessions_seats_count CHECK (seats_count > 0 AND first_seat > 0),
    CONSTRAINT ck_room_sessions_balanced CHECK (status <> 'closed' OR (expected = present + absent)),
    CONSTRAINT ck_room_sessions_awaits_paper CHECK (status = 'planned' OR awaits_paper = ''),
    CONSTRAINT ex_room_sessions_room EXCLUDE USING gist (room_id WITH =, int4range(first_seat, first_seat + seats_count) WITH &&, tstzrange(starts_at, ends_at) WITH &&)
);

CREATE INDEX ix_room_sessions_batch_id ON exam.room_sessions (batch_id);

CREATE INDEX ix_room_sessions_site_id ON exam.room_sessions (site_id, starts_at);

CREATE TABLE exam.sitting_moves (
    id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    from_room_session_id UUID NOT NULL,
    from_seat_no INTEGER NOT NULL,
    to_room_session_id UUID NOT NULL,
    to_seat_no INTEGER NOT NULL,
    reason TEXT NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sitting_moves PRIMARY KEY (id)
);

CREATE INDEX ix_sitting_moves_from_room_session_id ON exam.sitting_moves (from_room_session_id);

CREATE INDEX ix_sitting_moves_sitting_id ON exam.sitting_moves (sitting_id);

CREATE INDEX ix_sitting_moves_to_room_session_id ON exam.sitting_moves (to_room_session_id);

CREATE TRIGGER sitting_moves_append_only BEFORE UPDATE OR DELETE ON exam.sitting_moves FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER sitting_moves_no_truncate BEFORE TRUNCATE ON exam.sitting_moves FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.station_draws (
    id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    no INTEGER NOT NULL,
    seed TEXT NOT NULL,
    list_sha256 TEXT NOT NULL,
    stations JSONB NOT NULL,
    reason TEXT NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_station_draws PRIMARY KEY (id),
    CONSTRAINT ck_station_draws_again CHECK (no = 1 OR reason <> ''),
    CONSTRAINT ck_station_draws_seed CHECK (seed <> ''),
    CONSTRAINT uq_station_draws_room_session_id_no UNIQUE (room_session_id, no)
);

CREATE TRIGGER station_draws_append_only BEFORE UPDATE OR DELETE ON exam.station_draws FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER station_draws_no_truncate BEFORE TRUNCATE ON exam.station_draws FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.station_states (
    id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    seat_no INTEGER NOT NULL,
    out BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_station_states PRIMARY KEY (id),
    CONSTRAINT ck_station_states_reason CHECK (reason <> '')
);

CREATE INDEX ix_station_states_room_session_id ON exam.station_states (room_session_id);

CREATE TRIGGER station_states_append_only BEFORE UPDATE OR DELETE ON exam.station_states FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER station_states_no_truncate BEFORE TRUNCATE ON exam.station_states FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE platform.credit_accounts (
    person VARCHAR(64) NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credit_accounts PRIMARY KEY (person)
);

CREATE TABLE platform.credit_conversions (
    key TEXT NOT NULL,
    number TEXT NOT NULL,
    school_code TEXT NOT NULL,
    course TEXT NOT NULL,
    credits TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credit_conversions PRIMARY KEY (key),
    CONSTRAINT ck_credit_conversions_status CHECK (status IN ('requested', 'converted', 'refused')),
    CONSTRAINT uq_credit_conversions_number_school_code UNIQUE (number, school_code)
);

CREATE TABLE platform.credit_deposits (
    number TEXT NOT NULL,
    person VARCHAR(64) NOT NULL,
    credits TEXT NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credit_deposits PRIMARY KEY (number)
);

CREATE INDEX ix_credit_deposits_person ON platform.credit_deposits (person);

CREATE TABLE platform.credit_types (
    certificate_code TEXT NOT NULL,
    level TEXT NOT NULL,
    version INTEGER NOT NULL,
    proposal JSONB NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT NOT NULL,
    recognised TEXT,
    message TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_credit_types PRIMARY KEY (certificate_code, level, version),
    CONSTRAINT ck_credit_types_status CHECK (status IN ('review', 'recognised', 'refused', 'published')),
    CONSTRAINT ck_credit_types_recognised CHECK ((status IN ('recognised', 'published')) = (recognised IS NOT NULL))
);

CREATE TABLE platform.credit_withdrawals (
    number TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credit_withdrawals PRIMARY KEY (number)
);

CREATE TABLE platform.records (
    key TEXT NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    organisation_code TEXT NOT NULL,
    receipt_no TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    record_sha256 VARCHAR(64) NOT NULL,
    person VARCHAR(64) NOT NULL,
    facts JSONB NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawal_reason TEXT,
    CONSTRAINT pk_records PRIMARY KEY (key),
    CONSTRAINT uq_records_receipt_no UNIQUE (receipt_no),
    CONSTRAINT uq_records_number_version UNIQUE (number, version)
);

CREATE INDEX ix_records_organisation_code_key ON platform.records (organisation_code, key);

CREATE INDEX ix_records_person ON platform.records (person);

CREATE TABLE platform.submissions (
    key TEXT NOT NULL,
    body_sha256 VARCHAR(64) NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answer JSONB NOT NULL,
    CONSTRAINT pk_submissions PRIMARY KEY (key)
);

CREATE TABLE scheduling.unfilled_duties (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    planned_session_id UUID NOT NULL,
    duty TEXT NOT NULL,
    missing INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_unfilled_duties PRIMARY KEY (id),
    CONSTRAINT ck_unfilled_duties_reason CHECK (reason IN ('nobody', 'conflict', 'busy', 'stopped'))
);

CREATE INDEX ix_unfilled_duties_plan_id ON scheduling.unfilled_duties (plan_id);

CREATE TABLE scoring.room_closings (
    id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    gaps JSONB NOT NULL,
    ledger_sha256 VARCHAR(64) NOT NULL,
    events_expected INTEGER NOT NULL,
    events_confirmed INTEGER NOT NULL,
    sheets_expected INTEGER NOT NULL,
    sheets_signed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    by_officer BOOLEAN NOT NULL,
    closed_by UUID NOT NULL,
    closed_name TEXT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_room_closings PRIMARY KEY (id),
    CONSTRAINT ck_room_closings_gap_signed CHECK ((jsonb_array_length(gaps) = 0) OR (by_officer AND length(trim(reason)) > 0)),
    CONSTRAINT uq_room_closings_room_session_id UNIQUE (room_session_id)
);

CREATE TRIGGER room_closings_append_only BEFORE UPDATE OR DELETE ON scoring.room_closings FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER room_closings_no_truncate BEFORE TRUNCATE ON scoring.room_closings FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scoring.room_holds (
    room_session_id UUID NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE NOT NULL,
    released_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_room_holds PRIMARY KEY (room_session_id)
);

CREATE TABLE scoring.tablet_wrong_codes (
    id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tablet_wrong_codes PRIMARY KEY (id)
);

CREATE INDEX ix_tablet_wrong_codes_at ON scoring.tablet_wrong_codes (at);

CREATE TABLE scoring.tablets (
    id UUID NOT NULL,
    site_id UUID NOT NULL,
    label TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    key_sha256 VARCHAR(64) NOT NULL,
    registered_by TEXT NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoked_by TEXT NOT NULL,
    revocation_reason TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    last_number INTEGER NOT NULL,
    CONSTRAINT pk_tablets PRIMARY KEY (id),
    CONSTRAINT ck_tablets_revoked CHECK ((revoked_at IS NULL) = (revocation_reason = '')),
    CONSTRAINT ck_tablets_last_number CHECK (last_number >= 0),
    CONSTRAINT uq_tablets_key_sha256 UNIQUE (key_sha256)
);

CREATE UNIQUE INDEX uq_tablets_label ON scoring.tablets (site_id, label) WHERE revoked_at IS NULL;

CREATE TABLE certificates.archive_copies (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    original_sha256 VARCHAR(64) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size_bytes INTEGER NOT NULL,
    level TEXT NOT NULL,
    stamped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    renew_by TIMESTAMP WITH TIME ZONE NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_archive_copies PRIMARY KEY (id),
    CONSTRAINT ck_archive_copies_level CHECK (level IN ('B-B', 'B-T', 'B-LT', 'B-LTA')),
    CONSTRAINT ck_archive_copies_copy CHECK (sha256 <> original_sha256),
    CONSTRAINT ck_archive_copies_more_than_issued CHECK (level <> 'B-B'),
    CONSTRAINT fk_archive_copies_certificate_id FOREIGN KEY(certificate_id) REFERENCES certificates.certificates (id),
    CONSTRAINT uq_archive_copies_sha256 UNIQUE (sha256)
);

CREATE INDEX ix_archive_copies_latest ON certificates.archive_copies (certificate_id, made_at);

CREATE TRIGGER archive_copies_append_only BEFORE UPDATE OR DELETE ON certificates.archive_copies FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER archive_copies_no_truncate BEFORE TRUNCATE ON certificates.archive_copies FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.enquiry_keys (
    id UUID NOT NULL,
    enquirer_id UUID NOT NULL,
    prefix TEXT NOT NULL,
    key_hash VARCHAR(64) NOT NULL,
    label TEXT NOT NULL,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_by UUID,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_enquiry_keys PRIMARY KEY (id),
    CONSTRAINT uq_enquiry_keys_key_hash UNIQUE (key_hash),
    CONSTRAINT ck_enquiry_keys_ends CHECK (ends_at > made_at),
    CONSTRAINT ck_enquiry_keys_revoked_by CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CONSTRAINT fk_enquiry_keys_enquirer_id FOREIGN KEY(enquirer_id) REFERENCES certificates.enquirers (id)
);

CREATE INDEX ix_enquiry_keys_enquirer_id ON certificates.enquiry_keys (enquirer_id);

CREATE TABLE certificates.handover_entries (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    step INTEGER NOT NULL,
    deed TEXT NOT NULL,
    place TEXT NOT NULL,
    serial TEXT NOT NULL,
    transfer_id UUID,
    recipient TEXT NOT NULL,
    relation TEXT NOT NULL,
    on_date DATE NOT NULL,
    reason TEXT NOT NULL,
    noted_by UUID NOT NULL,
    noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_handover_entries PRIMARY KEY (id),
    CONSTRAINT ck_handover_entries_deed CHECK (deed IN ('send', 'arrive', 'take', 'undo')),
    CONSTRAINT ck_handover_entries_place CHECK (place IN ('office', 'sent', 'institution', 'holder')),
    CONSTRAINT uq_handover_entries_certificate_id_step UNIQUE (certificate_id, step),
    CONSTRAINT ck_handover_entries_step CHECK (step > 0),
    CONSTRAINT ck_handover_entries_recipient CHECK (deed = 'undo' OR recipient <> ''),
    CONSTRAINT ck_handover_entries_reason CHECK (deed <> 'undo' OR reason <> ''),
    CONSTRAINT ck_handover_entries_transfer CHECK ((deed = 'send') = (transfer_id IS NOT NULL)),
    CONSTRAINT fk_handover_entries_transfer_id FOREIGN KEY(transfer_id) REFERENCES certificates.handover_transfers (id)
);

CREATE INDEX ix_handover_entries_transfer ON certificates.handover_entries (transfer_id);

CREATE TRIGGER handover_entries_append_only BEFORE UPDATE OR DELETE ON certificates.handover_entries FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER handover_entries_no_truncate BEFORE TRUNCATE ON certificates.handover_entries FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.key_reports (
    id UUID NOT NULL,
    key_id UUID NOT NULL,
    state TEXT NOT NULL,
    cut_off TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    first_by UUID NOT NULL,
    first_name TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    second_by UUID,
    second_name TEXT NOT NULL,
    second_at TIMESTAMP WITH TIME ZONE,
    second_reason TEXT NOT NULL,
    CONSTRAINT pk_key_reports PRIMARY KEY (id),
    CONSTRAINT ck_key_reports_state CHECK (state IN ('open', 'confirmed', 'withdrawn')),
    CONSTRAINT ck_key_reports_reason CHECK (reason <> ''),
    CONSTRAINT ck_key_reports_cut_off CHECK (cut_off <= first_at),
    CONSTRAINT ck_key_reports_second CHECK ((second_by IS NULL) = (second_at IS NULL)),
    CONSTRAINT ck_key_reports_decided CHECK ((state = 'open') = (second_by IS NULL)),
    CONSTRAINT ck_key_reports_two_people CHECK (second_by <> first_by),
    CONSTRAINT fk_key_reports_key_id FOREIGN KEY(key_id) REFERENCES certificates.signing_keys (id)
);

CREATE INDEX ix_key_reports_key_id ON certificates.key_reports (key_id);

CREATE UNIQUE INDEX uq_key_reports_standing ON certificates.key_reports (key_id) WHERE state <> 'withdrawn';

CREATE TRIGGER key_reports_no_delete BEFORE DELETE ON certificates.key_reports FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER key_reports_no_truncate BEFORE TRUNCATE ON certificates.key_reports FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.nightly_readings (
    certificate_id UUID NOT NULL,
    check_id UUID NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    differences JSONB NOT NULL,
    CONSTRAINT pk_nightly_readings PRIMARY KEY (certificate_id),
    CONSTRAINT fk_nightly_readings_certificate_id FOREIGN KEY(certificate_id) REFERENCES certificates.certificates (id),
    CONSTRAINT fk_nightly_readings_check_id FOREIGN KEY(check_id) REFERENCES certificates.nightly_checks (id)
);

CREATE INDEX ix_nightly_readings_read_at ON certificates.nightly_readings (read_at);

CREATE INDEX ix_nightly_readings_wrong ON certificates.nightly_readings (certificate_id) WHERE differences <> '[]'::jsonb;

CREATE TABLE certificates.pack_items (
    pack_id UUID NOT NULL,
    place INTEGER NOT NULL,
    certificate_id UUID NOT NULL,
    status TEXT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size BIGINT,
    crc32 BIGINT,
    CONSTRAINT pk_pack_items PRIMARY KEY (pack_id, place),
    CONSTRAINT uq_pack_items_pack_id_certificate_id UNIQUE (pack_id, certificate_id),
    CONSTRAINT ck_pack_items_compared CHECK ((size IS NULL) = (crc32 IS NULL)),
    CONSTRAINT fk_pack_items_pack_id FOREIGN KEY(pack_id) REFERENCES certificates.packs (id)
);

CREATE TABLE certificates.papers (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    serial TEXT NOT NULL,
    intake_id UUID NOT NULL,
    status TEXT NOT NULL,
    certificate_id UUID,
    order_id UUID,
    place INTEGER,
    bound_at TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    reported_by UUID,
    reported_at TIMESTAMP WITH TIME ZONE,
    confirmed_by UUID,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_papers PRIMARY KEY (id),
    CONSTRAINT ck_papers_status CHECK (status IN ('blank', 'bound', 'spoiled')),
    CONSTRAINT uq_papers_organisation_id_serial UNIQUE (organisation_id, serial),
    CONSTRAINT ck_papers_blank CHECK (status <> 'blank' OR certificate_id IS NULL),
    CONSTRAINT ck_papers_bound CHECK (status <> 'bound' OR certificate_id IS NOT NULL),
    CONSTRAINT ck_papers_bound_at CHECK ((certificate_id IS NULL) = (bound_at IS NULL)),
    CONSTRAINT ck_papers_order CHECK ((certificate_id IS NULL) = (order_id IS NULL)),
    CONSTRAINT ck_papers_spoiled CHECK (status <> 'spoiled' OR (confirmed_by IS NOT NULL AND reported_by IS NOT NULL AND reason <> '')),
    CONSTRAINT ck_papers_two_people CHECK (confirmed_by <> reported_by),
    CONSTRAINT fk_papers_intake_id FOREIGN KEY(intake_id) REFERENCES certificates.paper_intakes (id),
    CONSTRAINT fk_papers_order_id FOREIGN KEY(order_id) REFERENCES certificates.print_orders (id)
);

CREATE INDEX ix_papers_certificate_id ON certificates.papers (certificate_id);

CREATE INDEX ix_papers_order_id ON certificates.papers (order_id);

CREATE UNIQUE INDEX uq_papers_bound ON certificates.papers (certificate_id) WHERE status = 'bound';

CREATE OR REPLACE FUNCTION certificates.keep_paper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.serial <> NEW.serial OR OLD.status = 'spoiled' OR (OLD.status = 'bound' AND (NEW.status = 'blank' OR NEW.certificate_id IS DISTINCT FROM OLD.certificate_id)) THEN RAISE EXCEPTION 'paper % is settled', OLD.serial USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$;

CREATE TRIGGER papers_keep BEFORE UPDATE ON certificates.papers FOR EACH ROW EXECUTE FUNCTION certificates.keep_paper();

CREATE TRIGGER papers_no_delete BEFORE DELETE ON certificates.papers FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER papers_no_truncate BEFORE TRUNCATE ON certificates.papers FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.platform_differences (
    reconciliation_id UUID NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    organisation_id UUID,
    certificate_id UUID,
    fields TEXT[] NOT NULL,
    ours JSONB NOT NULL,
    theirs JSONB NOT NULL,
    CONSTRAINT pk_platform_differences PRIMARY KEY (reconciliation_id, key),
    CONSTRAINT ck_platform_differences_kind CHECK (kind IN ('missing_there', 'missing_here', 'fields_differ', 'withdrawn_there', 'in_force_there', 'receipt_missing')),
    CONSTRAINT fk_platform_differences_reconciliation_id FOREIGN KEY(reconciliation_id) REFERENCES certificates.platform_reconciliations (id)
);

CREATE TABLE certificates.platform_file_rows (
    file_id UUID NOT NULL,
    row_no INTEGER NOT NULL,
    registration_id UUID NOT NULL,
    deed TEXT NOT NULL,
    accepted BOOLEAN,
    platform_id TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    CONSTRAINT pk_platform_file_rows PRIMARY KEY (file_id, row_no),
    CONSTRAINT ck_platform_file_rows_deed CHECK (deed IN ('register', 'withdraw')),
    CONSTRAINT uq_platform_file_rows_file_id_registration_id UNIQUE (file_id, registration_id),
    CONSTRAINT fk_platform_file_rows_file_id FOREIGN KEY(file_id) REFERENCES certificates.platform_files (id)
);

CREATE INDEX ix_platform_file_rows_registration_id ON certificates.platform_file_rows (registration_id);

CREATE TABLE certificates.print_parts (
    order_id UUID NOT NULL,
    part INTEGER NOT NULL,
    first_serial TEXT NOT NULL,
    last_serial TEXT NOT NULL,
    sheets_count INTEGER NOT NULL,
    sha256 VARCHAR(64),
    made_at TIMESTAMP WITH TIME ZONE,
    problem TEXT NOT NULL,
    CONSTRAINT pk_print_parts PRIMARY KEY (order_id, part),
    CONSTRAINT ck_print_parts_part CHECK (part > 0 AND sheets_count > 0),
    CONSTRAINT ck_print_parts_made_at CHECK ((sha256 IS NULL) = (made_at IS NULL)),
    CONSTRAINT ck_print_parts_problem CHECK (problem = '' OR sha256 IS NULL),
    CONSTRAINT fk_print_parts_order_id FOREIGN KEY(order_id) REFERENCES certificates.print_orders (id)
);

CREATE TABLE certificates.release_items (
    release_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    outcome_id UUID NOT NULL,
    outcome_version INTEGER NOT NULL,
    organisation_id UUID NOT NULL,
    face_sha256 VARCHAR(64) NOT NULL,
    group_no INTEGER NOT NULL,
    held TEXT NOT NULL,
    dropped TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    CONSTRAINT pk_release_items PRIMARY KEY (release_id, registration_id),
    CONSTRAINT ck_release_items_live CHECK (NOT live OR (held = '' AND dropped = '')),
    CONSTRAINT ck_release_items_group CHECK ((group_no = 0) = (held <> '')),
    CONSTRAINT fk_release_items_release_id FOREIGN KEY(release_id) REFERENCES certificates.releases (id)
);

CREATE INDEX ix_release_items_group ON certificates.release_items (release_id, group_no);

CREATE UNIQUE INDEX uq_release_items_live ON certificates.release_items (registration_id) WHERE live;

CREATE TRIGGER release_items_no_delete BEFORE DELETE ON certificates.release_items FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER release_items_no_truncate BEFORE TRUNCATE ON certificates.release_items FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.share_codes (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    label TEXT NOT NULL,
    shows_name BOOLEAN NOT NULL,
    shows_photo BOOLEAN NOT NULL,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_share_codes PRIMARY KEY (id),
    CONSTRAINT uq_share_codes_code_hash UNIQUE (code_hash),
    CONSTRAINT ck_share_codes_ends CHECK (ends_at > made_at AND ends_at <= made_at + interval '90 days'),
    CONSTRAINT ck_share_codes_revoked CHECK (revoked_at IS NULL OR revoked_at >= made_at),
    CONSTRAINT fk_share_codes_certificate_id FOREIGN KEY(certificate_id) REFERENCES certificates.certificates (id)
);

CREATE INDEX ix_share_codes_certificate_id ON certificates.share_codes (certificate_id);

CREATE TABLE exam.account_grants (
    account_id UUID NOT NULL,
    role TEXT NOT NULL,
    scope_kind TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    CONSTRAINT pk_account_grants PRIMARY KEY (account_id, role, scope_kind, scope_id),
    CONSTRAINT ck_account_grants_role CHECK (role IN ('province', 'unit', 'exam_officer', 'item_author', 'score_entry', 'score_verifier', 'score_officer', 'certificate_officer', 'institution', 'site_head', 'invigilator', 'assessor', 'inspector', 'candidate', 'auditor', 'system')),
    CONSTRAINT fk_account_grants_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE TABLE exam.announcement_reads (
    announcement_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    account_id UUID NOT NULL,
    name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_announcement_reads PRIMARY KEY (announcement_id, room_session_id, account_id),
    CONSTRAINT fk_announcement_reads_announcement_id FOREIGN KEY(announcement_id) REFERENCES exam.announcements (id),
    CONSTRAINT fk_announcement_reads_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id)
);

CREATE TRIGGER announcement_reads_append_only BEFORE UPDATE OR DELETE ON exam.announcement_reads FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER announcement_reads_no_truncate BEFORE TRUNCATE ON exam.announcement_reads FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.batch_moves (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    account_id UUID,
    reason TEXT NOT NULL,
    CONSTRAINT pk_batch_moves PRIMARY KEY (id),
    CONSTRAINT ck_batch_moves_to_status CHECK (to_status IN ('planned', 'announced', 'registration_open', 'registration_closed', 'arranged', 'tickets_released', 'papers_sealed', 'in_progress', 'sessions_done', 'scoring', 'verified', 'published', 'review_window', 'final', 'certificates_issued', 'registered', 'settled', 'archived', 'postponed', 'cancelled')),
    CONSTRAINT fk_batch_moves_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id)
);

CREATE INDEX ix_batch_moves_batch_id ON exam.batch_moves (batch_id);

CREATE TRIGGER batch_moves_append_only BEFORE UPDATE OR DELETE ON exam.batch_moves FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER batch_moves_no_truncate BEFORE TRUNCATE ON exam.batch_moves FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.certificates (
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    organisation_id UUID NOT NULL,
    batch_no INTEGER NOT NULL,
    levels TEXT[] NOT NULL,
    CONSTRAINT pk_certificates PRIMARY KEY (id),
    CONSTRAINT ck_certificates_code CHECK (code ~ '^[0-9A-Z]{3}$'),
    CONSTRAINT ck_certificates_batch_no CHECK (batch_no BETWEEN 1 AND 99),
    CONSTRAINT ck_certificates_levels CHECK (levels <@ ARRAY['elementary','intermediate','advanced'] AND cardinality(levels) > 0),
    CONSTRAINT uq_certificates_code UNIQUE (code),
    CONSTRAINT uq_certificates_name_zh UNIQUE (name_zh),
    CONSTRAINT fk_certificates_organisation_id FOREIGN KEY(organisation_id) REFERENCES exam.organisations (id)
);

CREATE INDEX ix_certificates_organisation_id ON exam.certificates (organisation_id);

CREATE TABLE exam.deployments (
    id UUID NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    override_id UUID,
    CONSTRAINT pk_deployments PRIMARY KEY (id),
    CONSTRAINT fk_deployments_override_id FOREIGN KEY(override_id) REFERENCES exam.deployment_overrides (id)
);

CREATE TRIGGER deployments_append_only BEFORE UPDATE OR DELETE ON exam.deployments FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER deployments_no_truncate BEFORE TRUNCATE ON exam.deployments FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.duties (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    account_id UUID NOT NULL,
    name TEXT NOT NULL,
    duty TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_duties PRIMARY KEY (id),
    CONSTRAINT ck_duties_duty CHECK (duty IN ('invigilator', 'assessor', 'lead_assessor', 'site_head')),
    CONSTRAINT ck_duties_period CHECK (ends_at > starts_at),
    CONSTRAINT uq_duties_room_session_id_account_id_duty UNIQUE (room_session_id, account_id, duty),
    CONSTRAINT ex_duties_account EXCLUDE USING gist (account_id WITH =, room_session_id WITH <>, tstzrange(starts_at, ends_at) WITH &&) WHERE (duty <> 'site_head'),
    CONSTRAINT fk_duties_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id)
);

CREATE INDEX ix_duties_batch_id ON exam.duties (batch_id);

CREATE TABLE exam.item_keys (
    item_id UUID NOT NULL,
    options JSONB NOT NULL,
    blanks JSONB NOT NULL,
    CONSTRAINT pk_item_keys PRIMARY KEY (item_id),
    CONSTRAINT fk_item_keys_item_id FOREIGN KEY(item_id) REFERENCES exam.items (id)
);

CREATE TABLE exam.paper_keys (
    paper_id UUID NOT NULL,
    keys JSONB NOT NULL,
    keys_sha256 VARCHAR(64) NOT NULL,
    CONSTRAINT pk_paper_keys PRIMARY KEY (paper_id),
    CONSTRAINT fk_paper_keys_paper_id FOREIGN KEY(paper_id) REFERENCES exam.papers (id)
);

CREATE TRIGGER paper_keys_append_only BEFORE UPDATE OR DELETE ON exam.paper_keys FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER paper_keys_no_truncate BEFORE TRUNCATE ON exam.paper_keys FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.prefectures (
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    province_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    tile_x INTEGER NOT NULL,
    tile_y INTEGER NOT NULL,
    CONSTRAINT pk_prefectures PRIMARY KEY (code),
    CONSTRAINT ck_prefectures_kind CHECK (kind IN ('直辖市', '地级市', '地区', '自治州', '盟', '省直辖县级', '自治区直辖县级(兵团)')),
    CONSTRAINT uq_prefectures_tile_x_tile_y_province_code UNIQUE (tile_x, tile_y, province_code),
    CONSTRAINT fk_prefectures_unit_code FOREIGN KEY(unit_code) REFERENCES exam.reporting_units (code)
);

CREATE TABLE exam.readiness (
    id UUID NOT NULL,
    rehearsal_id UUID NOT NULL,
    site_id UUID NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    note TEXT NOT NULL,
    head_by UUID NOT NULL,
    head_name TEXT NOT NULL,
    head_at TIMESTAMP WITH TIME ZONE NOT NULL,
    second_by UUID,
    second_name TEXT NOT NULL,
    second_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_readiness PRIMARY KEY (id),
    CONSTRAINT ck_readiness_period CHECK (valid_to >= valid_from),
    CONSTRAINT ck_readiness_second CHECK ((second_by IS NULL) = (second_at IS NULL)),
    CONSTRAINT ck_readiness_two_people CHECK (second_by <> head_by),
    CONSTRAINT uq_readiness_rehearsal_id UNIQUE (rehearsal_id),
    CONSTRAINT fk_readiness_rehearsal_id FOREIGN KEY(rehearsal_id) REFERENCES exam.rehearsals (id)
);

CREATE INDEX ix_readiness_site ON exam.readiness (site_id, valid_to);

CREATE TABLE exam.rehearsal_drills (
    id UUID NOT NULL,
    rehearsal_id UUID NOT NULL,
    drill TEXT NOT NULL,
    seen TEXT NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_rehearsal_drills PRIMARY KEY (id),
    CONSTRAINT ck_rehearsal_drills_drill CHECK (drill IN ('line', 'tablet', 'assessor', 'paper')),
    CONSTRAINT ck_rehearsal_drills_seen CHECK (seen <> ''),
    CONSTRAINT fk_rehearsal_drills_rehearsal_id FOREIGN KEY(rehearsal_id) REFERENCES exam.rehearsals (id)
);

CREATE INDEX ix_rehearsal_drills_rehearsal_id ON exam.rehearsal_drills (rehearsal_id);

CREATE TRIGGER rehearsal_drills_append_only BEFORE UPDATE OR DELETE ON exam.rehearsal_drills FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER rehearsal_drills_no_truncate BEFORE TRUNCATE ON exam.rehearsal_drills FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.room_steps (
    id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    plan_version INTEGER NOT NULL,
    step TEXT NOT NULL,
    no INTEGER NOT NULL,
    two_people BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    second_account_id UUID,
    second_name TEXT NOT NULL,
    second_how TEXT,
    counts JSONB NOT NULL,
    unbalanced BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    keyed_name TEXT NOT NULL,
    CONSTRAINT pk_room_steps PRIMARY KEY (id),
    CONSTRAINT ck_room_steps_state CHECK (state IN ('asked', 'done', 'skipped')),
    CONSTRAINT ck_room_steps_source CHECK (source IN ('page', 'paper')),
    CONSTRAINT ck_room_steps_second_how CHECK (second_how IN ('password', 'device', 'paper')),
    CONSTRAINT ck_room_steps_two_people CHECK (NOT two_people OR state <> 'done' OR (source = 'page' AND second_account_id IS NOT NULL AND by_account_id IS DISTINCT FROM second_account_id) OR (source = 'paper' AND second_name <> '' AND by_name <> '' AND second_name <> by_name)),
    CONSTRAINT ck_room_steps_skipped CHECK (state <> 'skipped' OR reason <> ''),
    CONSTRAINT ck_room_steps_unbalanced CHECK (NOT unbalanced OR reason <> ''),
    CONSTRAINT ck_room_steps_keyed CHECK (source = 'page' OR keyed_name <> ''),
    CONSTRAINT ck_room_steps_at CHECK (at <= recorded_at),
    CONSTRAINT uq_room_steps_room_session_id_step_no UNIQUE (room_session_id, step, no),
    CONSTRAINT fk_room_steps_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id)
);

CREATE TRIGGER room_steps_append_only BEFORE UPDATE OR DELETE ON exam.room_steps FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER room_steps_no_truncate BEFORE TRUNCATE ON exam.room_steps FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.sign_ins (
    token_sha256 VARCHAR(64) NOT NULL,
    account_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    data JSONB NOT NULL,
    CONSTRAINT pk_sign_ins PRIMARY KEY (token_sha256),
    CONSTRAINT fk_sign_ins_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE INDEX ix_sign_ins_account_id ON exam.sign_ins (account_id);

CREATE INDEX ix_sign_ins_expires_at ON exam.sign_ins (expires_at);

CREATE TABLE exam.sittings (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    person_id UUID NOT NULL,
    component_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    seat_no INTEGER NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    paper_version TEXT NOT NULL,
    ticket_no TEXT NOT NULL,
    published_sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    checked_in_at TIMESTAMP WITH TIME ZONE,
    check_in_method TEXT,
    late_minutes INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    left_at TIMESTAMP WITH TIME ZONE,
    absent_at TIMESTAMP WITH TIME ZONE,
    granted_minutes INTEGER NOT NULL,
    measures TEXT NOT NULL,
    extra_minutes INTEGER NOT NULL,
    moves_count INTEGER NOT NULL,
    reason TEXT,
    CONSTRAINT pk_sittings PRIMARY KEY (id),
    CONSTRAINT ck_sittings_status CHECK (status IN ('scheduled', 'checked_in', 'started', 'submitted', 'auto_submitted', 'interrupted', 'absent', 'stopped', 'voided')),
    CONSTRAINT ck_sittings_period CHECK (ends_at > starts_at),
    CONSTRAINT ck_sittings_seat_no CHECK (seat_no > 0),
    CONSTRAINT ck_sittings_minutes CHECK (late_minutes >= 0 AND extra_minutes >= 0 AND granted_minutes >= 0),
    CONSTRAINT ck_sittings_absent_at CHECK ((status = 'absent') = (absent_at IS NOT NULL)),
    CONSTRAINT ck_sittings_checked_in_at CHECK (status NOT IN ('checked_in', 'started') OR checked_in_at IS NOT NULL),
    CONSTRAINT uq_sittings_room_session_id_seat_no UNIQUE (room_session_id, seat_no),
    CONSTRAINT uq_sittings_registration_id_component_id UNIQUE (registration_id, component_id),
    CONSTRAINT ex_sittings_person EXCLUDE USING gist (person_id WITH =, tstzrange(starts_at, ends_at) WITH &&),
    CONSTRAINT fk_sittings_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id)
);

CREATE INDEX ix_sittings_batch_id ON exam.sittings (batch_id);

CREATE INDEX ix_sittings_ticket_no ON exam.sittings (ticket_no);

CREATE TABLE scheduling.feeds (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    token_sha256 VARCHAR(64),
    locale TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_feeds PRIMARY KEY (id),
    CONSTRAINT ck_feeds_kind CHECK (kind IN ('site', 'room', 'staff', 'candidate')),
    CONSTRAINT ck_feeds_locale CHECK (locale IN ('zh', 'en')),
    CONSTRAINT ck_feeds_revoked CHECK ((token_sha256 IS NULL) = (revoked_at IS NOT NULL)),
    CONSTRAINT uq_feeds_kind_owner_id UNIQUE (kind, owner_id),
    CONSTRAINT uq_feeds_token_sha256 UNIQUE (token_sha256),
    CONSTRAINT fk_feeds_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE INDEX ix_feeds_account_id ON scheduling.feeds (account_id);

CREATE TABLE scheduling.plans (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    version INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    status TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    settings JSONB NOT NULL,
    figures JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by TEXT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    published_by TEXT NOT NULL,
    gaps_reason TEXT NOT NULL,
    filed_at TIMESTAMP WITH TIME ZONE,
    filed_by TEXT NOT NULL,
    filed_with TEXT NOT NULL,
    filed_on DATE,
    locked_at TIMESTAMP WITH TIME ZONE,
    locked_by TEXT NOT NULL,
    repair_reason TEXT NOT NULL,
    CONSTRAINT pk_plans PRIMARY KEY (id),
    CONSTRAINT ck_plans_status CHECK (status IN ('draft', 'filed', 'published', 'superseded')),
    CONSTRAINT uq_plans_batch_id_version UNIQUE (batch_id, version),
    CONSTRAINT ck_plans_published_at CHECK (status <> 'published' OR published_at IS NOT NULL),
    CONSTRAINT ck_plans_filed_at CHECK (status <> 'filed' OR filed_at IS NOT NULL),
    CONSTRAINT ck_plans_filed_with CHECK (filed_at IS NULL OR (filed_with <> '' AND filed_on IS NOT NULL)),
    CONSTRAINT ck_plans_locked_at CHECK (locked_at IS NULL OR published_at IS NOT NULL),
    CONSTRAINT fk_plans_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id)
);

CREATE UNIQUE INDEX uq_plans_published ON scheduling.plans (batch_id) WHERE status = 'published';

CREATE TABLE scheduling.runs (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    batch_id UUID NOT NULL,
    account_id UUID NOT NULL,
    asked_by TEXT NOT NULL,
    asked JSONB NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    stage TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    best JSONB NOT NULL,
    finishing BOOLEAN NOT NULL,
    failure JSONB,
    result JSONB NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_runs PRIMARY KEY (id),
    CONSTRAINT ck_runs_kind CHECK (kind IN ('proposal', 'print', 'fork', 'repair')),
    CONSTRAINT ck_runs_status CHECK (status IN ('waiting', 'running', 'done', 'failed', 'stopped')),
    CONSTRAINT ck_runs_counted CHECK (done >= 0 AND done <= total),
    CONSTRAINT fk_runs_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_runs_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE INDEX ix_runs_account_id ON scheduling.runs (account_id);

CREATE INDEX ix_runs_batch_id ON scheduling.runs (batch_id);

CREATE UNIQUE INDEX uq_runs_active ON scheduling.runs (key) WHERE status IN ('waiting', 'running');

CREATE TABLE scheduling.ticket_prefixes (
    batch_id UUID NOT NULL,
    prefix TEXT NOT NULL,
    CONSTRAINT pk_ticket_prefixes PRIMARY KEY (batch_id),
    CONSTRAINT uq_ticket_prefixes_prefix UNIQUE (prefix),
    CONSTRAINT fk_ticket_prefixes_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id)
);

CREATE TABLE scoring.assessor_badges (
    number VARCHAR(8) NOT NULL,
    account_id UUID NOT NULL,
    secret_sealed TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lost_at TIMESTAMP WITH TIME ZONE,
    lost_by TEXT NOT NULL,
    lost_reason TEXT NOT NULL,
    salt BYTEA,
    rounds INTEGER,
    key_sealed TEXT,
    pin_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_assessor_badges PRIMARY KEY (number),
    CONSTRAINT ck_assessor_badges_lost CHECK ((lost_at IS NULL) = (lost_reason = '')),
    CONSTRAINT ck_assessor_badges_pin CHECK ((pin_at IS NULL) = (salt IS NULL) AND (pin_at IS NULL) = (rounds IS NULL) AND (pin_at IS NULL) = (key_sealed IS NULL)),
    CONSTRAINT ck_assessor_badges_lost_opens_nothing CHECK (lost_at IS NULL OR pin_at IS NULL),
    CONSTRAINT fk_assessor_badges_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE UNIQUE INDEX uq_assessor_badges_account ON scoring.assessor_badges (account_id) WHERE lost_at IS NULL;

CREATE TABLE scoring.tablet_codes (
    id UUID NOT NULL,
    site_id UUID NOT NULL,
    label TEXT NOT NULL,
    code_blind VARCHAR(64) NOT NULL,
    made_by TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    tablet_id UUID,
    CONSTRAINT pk_tablet_codes PRIMARY KEY (id),
    CONSTRAINT ck_tablet_codes_used CHECK ((used_at IS NULL) = (tablet_id IS NULL)),
    CONSTRAINT ck_tablet_codes_period CHECK (expires_at > made_at),
    CONSTRAINT fk_tablet_codes_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id)
);

CREATE INDEX ix_tablet_codes_blind ON scoring.tablet_codes (code_blind);

CREATE TABLE scoring.tablet_events (
    tablet_id UUID NOT NULL,
    number INTEGER NOT NULL,
    hash VARCHAR(64) NOT NULL,
    id UUID NOT NULL,
    previous VARCHAR(64) NOT NULL,
    counter INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sitting_id UUID NOT NULL,
    assessor_id UUID NOT NULL,
    version INTEGER NOT NULL,
    room_session_id UUID NOT NULL,
    said_at TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    data JSONB NOT NULL,
    CONSTRAINT pk_tablet_events PRIMARY KEY (tablet_id, number, hash),
    CONSTRAINT ck_tablet_events_kind CHECK (kind IN ('opened', 'answered', 'overtime', 'noted', 'evidence', 'stopped', 'signed', 'corrected', 'rerun')),
    CONSTRAINT ck_tablet_events_number CHECK (number >= 1 AND counter >= 1),
    CONSTRAINT fk_tablet_events_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id)
);

CREATE INDEX ix_tablet_events_room ON scoring.tablet_events (room_session_id, tablet_id);

CREATE INDEX ix_tablet_events_sheet ON scoring.tablet_events (sitting_id, assessor_id, version);

CREATE INDEX ix_tablet_events_signed ON scoring.tablet_events (received_at, room_session_id) WHERE kind IN ('signed', 'stopped');

CREATE TRIGGER tablet_events_append_only BEFORE UPDATE OR DELETE ON scoring.tablet_events FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER tablet_events_no_truncate BEFORE TRUNCATE ON scoring.tablet_events FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scoring.tablet_evidence (
    sha256 VARCHAR(64) NOT NULL,
    tablet_id UUID NOT NULL,
    size_bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tablet_evidence PRIMARY KEY (sha256, tablet_id),
    CONSTRAINT ck_tablet_evidence_size CHECK (size_bytes > 0 AND width > 0 AND height > 0),
    CONSTRAINT ck_tablet_evidence_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT fk_tablet_evidence_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id)
);

CREATE TRIGGER tablet_evidence_append_only BEFORE UPDATE OR DELETE ON scoring.tablet_evidence FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER tablet_evidence_no_truncate BEFORE TRUNCATE ON scoring.tablet_evidence FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scoring.tablet_handouts (
    tablet_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    given_by TEXT NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    returned_at TIMESTAMP WITH TIME ZONE,
    returned_by TEXT NOT NULL,
    unused_reason TEXT NOT NULL,
    CONSTRAINT pk_tablet_handouts PRIMARY KEY (tablet_id, room_session_id),
    CONSTRAINT ck_tablet_handouts_returned CHECK ((returned_at IS NULL) = (returned_by = '')),
    CONSTRAINT ck_tablet_handouts_unused CHECK (returned_at IS NOT NULL OR unused_reason = ''),
    CONSTRAINT fk_tablet_handouts_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id)
);

CREATE INDEX ix_tablet_handouts_room ON scoring.tablet_handouts (room_session_id);

CREATE TABLE scoring.tablet_imports (
    id UUID NOT NULL,
    tablet_id UUID NOT NULL,
    file_sha256 VARCHAR(64) NOT NULL,
    filename TEXT NOT NULL,
    status TEXT NOT NULL,
    needs_second BOOLEAN NOT NULL,
    events INTEGER NOT NULL,
    signed INTEGER NOT NULL,
    fresh INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    first_said_at TEXT NOT NULL,
    last_said_at TEXT NOT NULL,
    uploaded_by UUID NOT NULL,
    uploaded_name TEXT NOT NULL,
    by_officer BOOLEAN NOT NULL,
    uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_name TEXT NOT NULL,
    decided_by_officer BOOLEAN NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    CONSTRAINT pk_tablet_imports PRIMARY KEY (id),
    CONSTRAINT ck_tablet_imports_status CHECK (status IN ('waiting', 'taken', 'declined')),
    CONSTRAINT ck_tablet_imports_decided CHECK ((status = 'waiting') = (decided_at IS NULL)),
    CONSTRAINT ck_tablet_imports_two_people CHECK (NOT needs_second OR decided_by IS NULL OR (decided_by <> uploaded_by AND (by_officer OR decided_by_officer))),
    CONSTRAINT ck_tablet_imports_reason CHECK (status <> 'declined' OR length(trim(reason)) > 0),
    CONSTRAINT fk_tablet_imports_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id)
);

CREATE INDEX ix_tablet_imports_tablet ON scoring.tablet_imports (tablet_id, uploaded_at);

CREATE UNIQUE INDEX uq_tablet_imports_waiting ON scoring.tablet_imports (file_sha256) WHERE status = 'waiting';

CREATE TABLE scoring.tablet_oddities (
    id UUID NOT NULL,
    tablet_id UUID NOT NULL,
    number INTEGER NOT NULL,
    hash VARCHAR(64) NOT NULL,
    why TEXT NOT NULL,
    body JSONB NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_by TEXT NOT NULL,
    settlement TEXT NOT NULL,
    CONSTRAINT pk_tablet_oddities PRIMARY KEY (id),
    CONSTRAINT ck_tablet_oddities_why CHECK (why IN ('no_pass', 'not_their_sheet', 'unknown_sitting')),
    CONSTRAINT fk_tablet_oddities_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id)
);

CREATE INDEX ix_tablet_oddities_open ON scoring.tablet_oddities (tablet_id) WHERE settled_at IS NULL;

CREATE UNIQUE INDEX uq_tablet_oddities ON scoring.tablet_oddities (tablet_id, number, hash);

CREATE TABLE scoring.tablet_passes (
    tablet_id UUID NOT NULL,
    account_id UUID NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tablet_passes PRIMARY KEY (tablet_id, account_id),
    CONSTRAINT fk_tablet_passes_tablet_id FOREIGN KEY(tablet_id) REFERENCES scoring.tablets (id),
    CONSTRAINT fk_tablet_passes_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE TABLE certificates.enquiries (
    id UUID NOT NULL,
    enquirer_id UUID NOT NULL,
    key_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    day DATE NOT NULL,
    channel TEXT NOT NULL,
    reason TEXT NOT NULL,
    rows_count INTEGER NOT NULL,
    counts JSONB NOT NULL,
    CONSTRAINT pk_enquiries PRIMARY KEY (id),
    CONSTRAINT ck_enquiries_channel CHECK (channel IN ('list', 'api')),
    CONSTRAINT ck_enquiries_rows CHECK (rows_count > 0),
    CONSTRAINT ck_enquiries_reason CHECK (reason <> ''),
    CONSTRAINT fk_enquiries_enquirer_id FOREIGN KEY(enquirer_id) REFERENCES certificates.enquirers (id),
    CONSTRAINT fk_enquiries_key_id FOREIGN KEY(key_id) REFERENCES certificates.enquiry_keys (id)
);

CREATE INDEX ix_enquiries_at ON certificates.enquiries (enquirer_id, at);

CREATE INDEX ix_enquiries_day ON certificates.enquiries (enquirer_id, day);

CREATE TRIGGER enquiries_append_only BEFORE UPDATE OR DELETE ON certificates.enquiries FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER enquiries_no_truncate BEFORE TRUNCATE ON certificates.enquiries FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE certificates.share_uses (
    share_id UUID NOT NULL,
    day DATE NOT NULL,
    count INTEGER NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_share_uses PRIMARY KEY (share_id, day),
    CONSTRAINT ck_share_uses_count CHECK (count > 0),
    CONSTRAINT fk_share_uses_share_id FOREIGN KEY(share_id) REFERENCES certificates.share_codes (id)
);

CREATE TABLE exam.faults (
    id UUID NOT NULL,
    scope TEXT NOT NULL,
    site_id UUID NOT NULL,
    site_name TEXT NOT NULL,
    prefecture_code TEXT NOT NULL,
    batch_ids UUID[] NOT NULL,
    room_session_id UUID,
    room_name TEXT NOT NULL,
    sitting_id UUID,
    seat_no INTEGER,
    kind TEXT NOT NULL,
    facts TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    reported_by UUID,
    reported_name TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    raised INTEGER NOT NULL,
    status TEXT NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_faults PRIMARY KEY (id),
    CONSTRAINT ck_faults_scope CHECK (scope IN ('person', 'room', 'site')),
    CONSTRAINT ck_faults_kind CHECK (kind IN ('power', 'network', 'computer', 'tablet', 'station', 'paper', 'staff', 'place', 'health', 'other')),
    CONSTRAINT ck_faults_status CHECK (status IN ('open', 'solved', 'withdrawn')),
    CONSTRAINT ck_faults_of_whom CHECK ((scope = 'person') = (sitting_id IS NOT NULL) AND (scope = 'site') = (room_session_id IS NULL)),
    CONSTRAINT ck_faults_ended CHECK ((status = 'open') = (ended_at IS NULL)),
    CONSTRAINT ck_faults_period CHECK (ended_at IS NULL OR ended_at >= since),
    CONSTRAINT fk_faults_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id),
    CONSTRAINT fk_faults_sitting_id FOREIGN KEY(sitting_id) REFERENCES exam.sittings (id)
);

CREATE INDEX ix_faults_open ON exam.faults (site_id) WHERE status = 'open';

CREATE INDEX ix_faults_room_session_id ON exam.faults (room_session_id);

CREATE INDEX ix_faults_site ON exam.faults (site_id, since);

CREATE TABLE exam.incidents (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    number INTEGER NOT NULL,
    sitting_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    code TEXT NOT NULL,
    facts TEXT NOT NULL,
    evidence TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    read_name TEXT,
    signed BOOLEAN,
    signed_at TIMESTAMP WITH TIME ZONE,
    witnesses TEXT[] NOT NULL,
    reported_by UUID,
    reported_name TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT NOT NULL,
    confirmed_by UUID,
    confirmed_name TEXT,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    effect TEXT,
    basis TEXT,
    decision TEXT,
    decided_by UUID,
    decided_name TEXT,
    decided_at TIMESTAMP WITH TIME ZONE,
    objection_until TIMESTAMP WITH TIME ZONE,
    served_at TIMESTAMP WITH TIME ZONE,
    served_how TEXT,
    served_name TEXT,
    statement TEXT,
    final_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_incidents PRIMARY KEY (id),
    CONSTRAINT ck_incidents_status CHECK (status IN ('recorded', 'confirmed', 'decided', 'objected', 'final', 'dismissed')),
    CONSTRAINT ck_incidents_effect CHECK (effect IS NULL OR effect IN ('part_void', 'all_void', 'record_kept')),
    CONSTRAINT ck_incidents_decided CHECK (status NOT IN ('decided', 'objected', 'final') OR effect IS NOT NULL),
    CONSTRAINT ck_incidents_witnesses CHECK (signed IS NOT FALSE OR (cardinality(witnesses) >= 2 AND witnesses[1] <> witnesses[2])),
    CONSTRAINT ck_incidents_read CHECK (signed IS NULL OR read_at IS NOT NULL),
    CONSTRAINT ck_incidents_signed CHECK (status IN ('recorded', 'dismissed') OR signed IS NOT NULL),
    CONSTRAINT ck_incidents_served_how CHECK (served_how IN ('in_person', 'page', 'post', 'left')),
    CONSTRAINT ck_incidents_served CHECK ((served_at IS NULL) = (served_how IS NULL)),
    CONSTRAINT uq_incidents_batch_id_number UNIQUE (batch_id, number),
    CONSTRAINT fk_incidents_sitting_id FOREIGN KEY(sitting_id) REFERENCES exam.sittings (id),
    CONSTRAINT fk_incidents_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id)
);

CREATE INDEX ix_incidents_registration_id ON exam.incidents (registration_id);

CREATE INDEX ix_incidents_room_session_id ON exam.incidents (room_session_id);

CREATE INDEX ix_incidents_sitting_id ON exam.incidents (sitting_id);

CREATE TABLE exam.institutions (
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kind TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    prefecture_code TEXT NOT NULL,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    CONSTRAINT pk_institutions PRIMARY KEY (id),
    CONSTRAINT ck_institutions_kind CHECK (kind IN ('secondary', 'higher', 'vocational_bachelor', 'applied', 'open_university')),
    CONSTRAINT uq_institutions_code UNIQUE (code),
    CONSTRAINT fk_institutions_unit_code FOREIGN KEY(unit_code) REFERENCES exam.reporting_units (code),
    CONSTRAINT fk_institutions_prefecture_code FOREIGN KEY(prefecture_code) REFERENCES exam.prefectures (code)
);

CREATE INDEX ix_institutions_prefecture_code ON exam.institutions (prefecture_code);

CREATE INDEX ix_institutions_unit_code ON exam.institutions (unit_code);

CREATE TABLE exam.runs (
    sitting_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    paper_id UUID NOT NULL,
    order_seed BIGINT NOT NULL,
    epoch INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deadline_at TIMESTAMP WITH TIME ZONE NOT NULL,
    grace_seconds INTEGER NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE,
    hand_in TEXT,
    answers_count INTEGER,
    answers_sha256 VARCHAR(64),
    CONSTRAINT pk_runs PRIMARY KEY (sitting_id),
    CONSTRAINT ck_runs_epoch CHECK (epoch > 0),
    CONSTRAINT ck_runs_deadline CHECK (deadline_at > started_at),
    CONSTRAINT ck_runs_handed_in CHECK ((submitted_at IS NULL) = (hand_in IS NULL)),
    CONSTRAINT ck_runs_hashed CHECK ((submitted_at IS NULL) = (answers_sha256 IS NULL)),
    CONSTRAINT ck_runs_hand_in CHECK (hand_in IS NULL OR hand_in IN ('candidate', 'time_up', 'staff')),
    CONSTRAINT fk_runs_sitting_id FOREIGN KEY(sitting_id) REFERENCES exam.sittings (id),
    CONSTRAINT fk_runs_paper_id FOREIGN KEY(paper_id) REFERENCES exam.papers (id)
);

CREATE INDEX ix_runs_due ON exam.runs (deadline_at) WHERE submitted_at IS NULL;

CREATE TABLE exam.schemes (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    level TEXT NOT NULL,
    version INTEGER NOT NULL,
    pass_rule JSONB NOT NULL,
    fee_yuan NUMERIC(12, 4) NOT NULL,
    fee_cap_yuan NUMERIC(12, 4) NOT NULL,
    fee_approval TEXT,
    definition JSONB NOT NULL,
    definition_sha256 VARCHAR(64) NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    published_by UUID,
    CONSTRAINT pk_schemes PRIMARY KEY (id),
    CONSTRAINT uq_schemes_certificate_id_level_version UNIQUE (certificate_id, level, version),
    CONSTRAINT ck_schemes_level CHECK (level IN ('elementary', 'intermediate', 'advanced')),
    CONSTRAINT ck_schemes_version CHECK (version >= 1),
    CONSTRAINT ck_schemes_fee CHECK (fee_yuan >= 0),
    CONSTRAINT ck_schemes_fee_cap CHECK (fee_yuan <= fee_cap_yuan OR fee_approval IS NOT NULL),
    CONSTRAINT fk_schemes_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id)
);

CREATE TRIGGER schemes_append_only BEFORE UPDATE OR DELETE ON exam.schemes FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER schemes_no_truncate BEFORE TRUNCATE ON exam.schemes FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scheduling.coverage_waivers (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    prefecture_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_coverage_waivers PRIMARY KEY (id),
    CONSTRAINT uq_coverage_waivers_certificate_id_prefecture_code_valid_from UNIQUE (certificate_id, prefecture_code, valid_from),
    CONSTRAINT ck_coverage_waivers_reason CHECK (btrim(reason) <> ''),
    CONSTRAINT ck_coverage_waivers_period CHECK (valid_from <= valid_to),
    CONSTRAINT fk_coverage_waivers_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id),
    CONSTRAINT fk_coverage_waivers_prefecture_code FOREIGN KEY(prefecture_code) REFERENCES exam.prefectures (code)
);

CREATE TABLE scheduling.feed_items (
    feed_id UUID NOT NULL,
    uid TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    summary TEXT NOT NULL,
    location TEXT NOT NULL,
    description TEXT NOT NULL,
    path TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    cancelled BOOLEAN NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_feed_items PRIMARY KEY (feed_id, uid),
    CONSTRAINT ck_feed_items_sequence CHECK (sequence >= 0),
    CONSTRAINT ck_feed_items_period CHECK (ends_at > starts_at),
    CONSTRAINT fk_feed_items_feed_id FOREIGN KEY(feed_id) REFERENCES scheduling.feeds (id)
);

CREATE TABLE scheduling.forks (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    plan_id UUID NOT NULL,
    wish JSONB NOT NULL,
    seed INTEGER NOT NULL,
    status TEXT NOT NULL,
    records_sha256 TEXT NOT NULL,
    comparison JSONB NOT NULL,
    problem BYTEA NOT NULL,
    plan BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by TEXT NOT NULL,
    adopted_version INTEGER,
    CONSTRAINT pk_forks PRIMARY KEY (id),
    CONSTRAINT ck_forks_status CHECK (status IN ('optimal', 'feasible', 'stopped')),
    CONSTRAINT fk_forks_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_forks_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id)
);

CREATE INDEX ix_forks_batch_id ON scheduling.forks (batch_id);

CREATE INDEX ix_forks_plan_id ON scheduling.forks (plan_id);

CREATE TABLE scheduling.norm_versions (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    certificate_id UUID,
    version INTEGER NOT NULL,
    effective_on DATE NOT NULL,
    values JSONB NOT NULL,
    reason TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_norm_versions PRIMARY KEY (id),
    CONSTRAINT uq_norm_versions_organisation_id_certificate_id_version UNIQUE NULLS NOT DISTINCT (organisation_id, certificate_id, version),
    CONSTRAINT ck_norm_versions_version CHECK (version >= 1),
    CONSTRAINT ck_norm_versions_reason CHECK (btrim(reason) <> ''),
    CONSTRAINT fk_norm_versions_organisation_id FOREIGN KEY(organisation_id) REFERENCES exam.organisations (id),
    CONSTRAINT fk_norm_versions_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id)
);

CREATE TABLE scheduling.plan_files (
    plan_id UUID NOT NULL,
    problem BYTEA NOT NULL,
    plan BYTEA NOT NULL,
    members JSONB NOT NULL,
    CONSTRAINT pk_plan_files PRIMARY KEY (plan_id),
    CONSTRAINT fk_plan_files_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id)
);

CREATE TABLE scheduling.repairs (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    plan_id UUID NOT NULL,
    status TEXT NOT NULL,
    asked JSONB NOT NULL,
    reason TEXT NOT NULL,
    most_moved INTEGER NOT NULL,
    truth_sha256 TEXT NOT NULL,
    outcome JSONB NOT NULL,
    problem BYTEA NOT NULL,
    plan BYTEA NOT NULL,
    members JSONB NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by TEXT NOT NULL,
    version INTEGER,
    CONSTRAINT pk_repairs PRIMARY KEY (id),
    CONSTRAINT ck_repairs_status CHECK (status IN ('proposed', 'accepted', 'discarded')),
    CONSTRAINT ck_repairs_reason CHECK (reason <> ''),
    CONSTRAINT ck_repairs_most_moved CHECK (most_moved >= 0),
    CONSTRAINT ck_repairs_decided_at CHECK ((status = 'proposed') = (decided_at IS NULL)),
    CONSTRAINT ck_repairs_version CHECK ((status = 'accepted') = (version IS NOT NULL)),
    CONSTRAINT fk_repairs_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_repairs_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id)
);

CREATE INDEX ix_repairs_batch_id ON scheduling.repairs (batch_id);

CREATE INDEX ix_repairs_plan_id ON scheduling.repairs (plan_id);

CREATE TABLE scheduling.site_conditions (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    minimum JSONB NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_site_conditions PRIMARY KEY (id),
    CONSTRAINT uq_site_conditions_certificate_id_version UNIQUE (certificate_id, version),
    CONSTRAINT fk_site_conditions_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id)
);

CREATE TABLE exam.answers (
    sitting_id UUID NOT NULL,
    key TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    item_id UUID NOT NULL,
    value JSONB NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_answers PRIMARY KEY (sitting_id, key),
    CONSTRAINT fk_answers_sitting_id FOREIGN KEY(sitting_id) REFERENCES exam.runs (sitting_id)
);

CREATE INDEX ix_answers_latest ON exam.answers (sitting_id, item_id, epoch, seq);

CREATE TRIGGER answers_append_only BEFORE UPDATE OR DELETE ON exam.answers FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER answers_no_truncate BEFORE TRUNCATE ON exam.answers FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.batch_schemes (
    batch_id UUID NOT NULL,
    scheme_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    level TEXT NOT NULL,
    CONSTRAINT pk_batch_schemes PRIMARY KEY (batch_id, scheme_id),
    CONSTRAINT uq_batch_schemes_batch_id_certificate_id_level UNIQUE (batch_id, certificate_id, level),
    CONSTRAINT fk_batch_schemes_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_batch_schemes_scheme_id FOREIGN KEY(scheme_id) REFERENCES exam.schemes (id)
);

CREATE TABLE exam.components (
    id UUID NOT NULL,
    scheme_id UUID NOT NULL,
    seq INTEGER NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    form TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    full_marks NUMERIC(12, 4) NOT NULL,
    weight NUMERIC(12, 4) NOT NULL,
    minimum NUMERIC(12, 4),
    late_limit_minutes INTEGER NOT NULL,
    earliest_leave_minutes INTEGER NOT NULL,
    blueprint JSONB NOT NULL,
    sheet JSONB,
    CONSTRAINT pk_components PRIMARY KEY (id),
    CONSTRAINT uq_components_scheme_id_seq UNIQUE (scheme_id, seq),
    CONSTRAINT uq_components_scheme_id_code UNIQUE (scheme_id, code),
    CONSTRAINT ck_components_form CHECK (form IN ('paper', 'computer', 'practical_general', 'practical_special')),
    CONSTRAINT ck_components_weight CHECK (weight BETWEEN 0 AND 1),
    CONSTRAINT ck_components_full_marks CHECK (full_marks > 0),
    CONSTRAINT ck_components_minimum CHECK (minimum IS NULL OR minimum BETWEEN 0 AND full_marks),
    CONSTRAINT ck_components_duration CHECK (duration_minutes > 0),
    CONSTRAINT fk_components_scheme_id FOREIGN KEY(scheme_id) REFERENCES exam.schemes (id)
);

CREATE TRIGGER components_append_only BEFORE UPDATE OR DELETE ON exam.components FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER components_no_truncate BEFORE TRUNCATE ON exam.components FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.fault_steps (
    id UUID NOT NULL,
    fault_id UUID NOT NULL,
    kind TEXT NOT NULL,
    words TEXT NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_fault_steps PRIMARY KEY (id),
    CONSTRAINT ck_fault_steps_kind CHECK (kind IN ('reported', 'raised', 'answered', 'credited', 'solved', 'withdrawn')),
    CONSTRAINT fk_fault_steps_fault_id FOREIGN KEY(fault_id) REFERENCES exam.faults (id)
);

CREATE INDEX ix_fault_steps_fault_id ON exam.fault_steps (fault_id);

CREATE TRIGGER fault_steps_append_only BEFORE UPDATE OR DELETE ON exam.fault_steps FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER fault_steps_no_truncate BEFORE TRUNCATE ON exam.fault_steps FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.incident_items (
    id UUID NOT NULL,
    incident_id UUID NOT NULL,
    item TEXT NOT NULL,
    kept_name TEXT NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_incident_items PRIMARY KEY (id),
    CONSTRAINT ck_incident_items_item CHECK (item <> ''),
    CONSTRAINT fk_incident_items_incident_id FOREIGN KEY(incident_id) REFERENCES exam.incidents (id)
);

CREATE INDEX ix_incident_items_incident_id ON exam.incident_items (incident_id);

CREATE TRIGGER incident_items_append_only BEFORE UPDATE OR DELETE ON exam.incident_items FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER incident_items_no_truncate BEFORE TRUNCATE ON exam.incident_items FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.incident_rulings (
    id UUID NOT NULL,
    incident_id UUID NOT NULL,
    ruling TEXT NOT NULL,
    reason TEXT NOT NULL,
    first_account_id UUID,
    first_effect TEXT NOT NULL,
    first_decision TEXT NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_incident_rulings PRIMARY KEY (id),
    CONSTRAINT ck_incident_rulings_ruling CHECK (ruling IN ('upheld', 'changed', 'lifted')),
    CONSTRAINT ck_incident_rulings_two_people CHECK (by_account_id IS DISTINCT FROM first_account_id),
    CONSTRAINT ck_incident_rulings_reason CHECK (reason <> ''),
    CONSTRAINT fk_incident_rulings_incident_id FOREIGN KEY(incident_id) REFERENCES exam.incidents (id)
);

CREATE INDEX ix_incident_rulings_incident_id ON exam.incident_rulings (incident_id);

CREATE TRIGGER incident_rulings_append_only BEFORE UPDATE OR DELETE ON exam.incident_rulings FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER incident_rulings_no_truncate BEFORE TRUNCATE ON exam.incident_rulings FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.incident_statements (
    id UUID NOT NULL,
    incident_id UUID NOT NULL,
    kind TEXT NOT NULL,
    words TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    by_account_id UUID,
    by_name TEXT NOT NULL,
    CONSTRAINT pk_incident_statements PRIMARY KEY (id),
    CONSTRAINT ck_incident_statements_kind CHECK (kind IN ('defence', 'objection')),
    CONSTRAINT fk_incident_statements_incident_id FOREIGN KEY(incident_id) REFERENCES exam.incidents (id)
);

CREATE INDEX ix_incident_statements_incident_id ON exam.incident_statements (incident_id);

CREATE TRIGGER incident_statements_append_only BEFORE UPDATE OR DELETE ON exam.incident_statements FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER incident_statements_no_truncate BEFORE TRUNCATE ON exam.incident_statements FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.pilots (
    id UUID NOT NULL,
    institution_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    year INTEGER NOT NULL,
    quota INTEGER NOT NULL,
    majors TEXT[] NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_pilots PRIMARY KEY (id),
    CONSTRAINT uq_pilots_institution_id_certificate_id_year UNIQUE (institution_id, certificate_id, year),
    CONSTRAINT ck_pilots_quota CHECK (quota > 0),
    CONSTRAINT ck_pilots_year CHECK (year BETWEEN 2019 AND 2100),
    CONSTRAINT fk_pilots_institution_id FOREIGN KEY(institution_id) REFERENCES exam.institutions (id),
    CONSTRAINT fk_pilots_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id)
);

CREATE INDEX ix_pilots_year ON exam.pilots (year);

CREATE TABLE exam.roster_checks (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    institution_id UUID NOT NULL,
    sealed TEXT NOT NULL,
    problems_count INTEGER NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_roster_checks PRIMARY KEY (id),
    CONSTRAINT fk_roster_checks_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_roster_checks_institution_id FOREIGN KEY(institution_id) REFERENCES exam.institutions (id)
);

CREATE INDEX ix_roster_checks_expires_at ON exam.roster_checks (expires_at);

CREATE TABLE exam.rosters (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    institution_id UUID NOT NULL,
    filename TEXT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    template_version TEXT NOT NULL,
    rows_count INTEGER NOT NULL,
    imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    imported_by UUID,
    CONSTRAINT pk_rosters PRIMARY KEY (id),
    CONSTRAINT fk_rosters_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_rosters_institution_id FOREIGN KEY(institution_id) REFERENCES exam.institutions (id)
);

CREATE INDEX ix_rosters_batch_id ON exam.rosters (batch_id);

CREATE INDEX ix_rosters_institution_id ON exam.rosters (institution_id);

CREATE TABLE exam.scheme_drafts (
    id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    level TEXT NOT NULL,
    base_id UUID,
    definition JSONB NOT NULL,
    status TEXT NOT NULL,
    revision INTEGER NOT NULL,
    authors UUID[] NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE,
    returned_by UUID,
    return_reason TEXT NOT NULL,
    approved_by UUID,
    approved_at TIMESTAMP WITH TIME ZONE,
    scheme_id UUID,
    CONSTRAINT pk_scheme_drafts PRIMARY KEY (id),
    CONSTRAINT ck_scheme_drafts_level CHECK (level IN ('elementary', 'intermediate', 'advanced')),
    CONSTRAINT ck_scheme_drafts_status CHECK (status IN ('editing', 'submitted', 'published', 'discarded')),
    CONSTRAINT ck_scheme_drafts_authors CHECK (cardinality(authors) > 0),
    CONSTRAINT ck_scheme_drafts_second_person CHECK (NOT approved_by = ANY (authors)),
    CONSTRAINT ck_scheme_drafts_published CHECK ((status = 'published') = (scheme_id IS NOT NULL AND approved_by IS NOT NULL AND approved_at IS NOT NULL)),
    CONSTRAINT ck_scheme_drafts_submitted CHECK ((status IN ('submitted', 'published')) <= (submitted_at IS NOT NULL)),
    CONSTRAINT fk_scheme_drafts_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id),
    CONSTRAINT fk_scheme_drafts_base_id FOREIGN KEY(base_id) REFERENCES exam.schemes (id),
    CONSTRAINT fk_scheme_drafts_scheme_id FOREIGN KEY(scheme_id) REFERENCES exam.schemes (id)
);

CREATE UNIQUE INDEX uq_scheme_drafts_open ON exam.scheme_drafts (certificate_id, level) WHERE status IN ('editing', 'submitted');

CREATE TABLE exam.time_credits (
    id UUID NOT NULL,
    fault_id UUID,
    scope TEXT NOT NULL,
    site_id UUID NOT NULL,
    room_session_id UUID,
    sitting_id UUID,
    minutes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    given_by UUID,
    given_name TEXT NOT NULL,
    given_level INTEGER NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    second_by UUID,
    second_name TEXT NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE,
    refused_at TIMESTAMP WITH TIME ZONE,
    refusal TEXT NOT NULL,
    CONSTRAINT pk_time_credits PRIMARY KEY (id),
    CONSTRAINT ck_time_credits_scope CHECK (scope IN ('person', 'room', 'site')),
    CONSTRAINT ck_time_credits_of_whom CHECK ((scope = 'person') = (sitting_id IS NOT NULL) AND (scope = 'site') = (room_session_id IS NULL)),
    CONSTRAINT ck_time_credits_minutes CHECK (minutes BETWEEN 1 AND 120),
    CONSTRAINT ck_time_credits_decided CHECK (applied_at IS NULL OR refused_at IS NULL),
    CONSTRAINT ck_time_credits_second_named CHECK (applied_at IS NULL OR second_name <> ''),
    CONSTRAINT ck_time_credits_two_people CHECK (applied_at IS NULL OR scope = 'person' OR second_by IS NOT NULL),
    CONSTRAINT ck_time_credits_not_alone CHECK (second_by IS NULL OR second_by <> given_by),
    CONSTRAINT ck_time_credits_first_known CHECK (given_by IS NOT NULL OR scope = 'person'),
    CONSTRAINT fk_time_credits_fault_id FOREIGN KEY(fault_id) REFERENCES exam.faults (id),
    CONSTRAINT fk_time_credits_room_session_id FOREIGN KEY(room_session_id) REFERENCES exam.room_sessions (id),
    CONSTRAINT fk_time_credits_sitting_id FOREIGN KEY(sitting_id) REFERENCES exam.sittings (id)
);

CREATE INDEX ix_time_credits_fault_id ON exam.time_credits (fault_id);

CREATE INDEX ix_time_credits_room_session_id ON exam.time_credits (room_session_id);

CREATE INDEX ix_time_credits_site ON exam.time_credits (site_id, given_at);

CREATE TABLE scheduling.examiners (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    name TEXT NOT NULL,
    institution_id UUID NOT NULL,
    prefecture_code TEXT NOT NULL,
    may_invigilate BOOLEAN NOT NULL,
    may_head BOOLEAN NOT NULL,
    away_on DATE[] NOT NULL,
    active BOOLEAN NOT NULL,
    CONSTRAINT pk_examiners PRIMARY KEY (id),
    CONSTRAINT uq_examiners_account_id UNIQUE (account_id),
    CONSTRAINT fk_examiners_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id),
    CONSTRAINT fk_examiners_institution_id FOREIGN KEY(institution_id) REFERENCES exam.institutions (id),
    CONSTRAINT fk_examiners_prefecture_code FOREIGN KEY(prefecture_code) REFERENCES exam.prefectures (code)
);

CREATE INDEX ix_examiners_institution_id ON scheduling.examiners (institution_id);

CREATE TABLE scheduling.sites (
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    institution_id UUID NOT NULL,
    prefecture_code TEXT NOT NULL,
    address_zh TEXT NOT NULL,
    address_en TEXT NOT NULL,
    route_zh TEXT NOT NULL,
    route_en TEXT NOT NULL,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    closed_on DATE[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sites PRIMARY KEY (id),
    CONSTRAINT uq_sites_code UNIQUE (code),
    CONSTRAINT fk_sites_institution_id FOREIGN KEY(institution_id) REFERENCES exam.institutions (id),
    CONSTRAINT fk_sites_prefecture_code FOREIGN KEY(prefecture_code) REFERENCES exam.prefectures (code)
);

CREATE INDEX ix_sites_institution_id ON scheduling.sites (institution_id);

CREATE INDEX ix_sites_prefecture_code ON scheduling.sites (prefecture_code);

CREATE TABLE scoring.outcomes (
    id UUID NOT NULL,
    registration_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    scheme_id UUID NOT NULL,
    version INTEGER NOT NULL,
    decision TEXT NOT NULL,
    composite NUMERIC(12, 4),
    explanation JSONB NOT NULL,
    inputs JSONB NOT NULL,
    rule_version TEXT NOT NULL,
    inputs_sha256 VARCHAR(64) NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    computed_by UUID,
    computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    verified_by UUID,
    verified_at TIMESTAMP WITH TIME ZONE,
    published_by UUID,
    published_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outcomes PRIMARY KEY (id),
    CONSTRAINT ck_outcomes_decision CHECK (decision IN ('passed', 'failed', 'absent', 'void')),
    CONSTRAINT ck_outcomes_status CHECK (status IN ('computed', 'verified', 'published', 'under_review', 'upheld', 'corrected', 'final', 'superseded')),
    CONSTRAINT ck_outcomes_composite CHECK ((decision IN ('passed', 'failed')) = (composite IS NOT NULL)),
    CONSTRAINT ck_outcomes_verified CHECK (status IN ('computed', 'superseded') OR verified_at IS NOT NULL),
    CONSTRAINT ck_outcomes_published CHECK (NOT status IN ('final', 'published', 'under_review', 'upheld') OR published_at IS NOT NULL),
    CONSTRAINT ck_outcomes_third_person CHECK (verified_by <> published_by),
    CONSTRAINT uq_outcomes_registration_id_version UNIQUE (registration_id, version),
    CONSTRAINT fk_outcomes_scheme_id FOREIGN KEY(scheme_id) REFERENCES exam.schemes (id)
);

CREATE INDEX ix_outcomes_batch_id ON scoring.outcomes (batch_id, status);

CREATE UNIQUE INDEX uq_outcomes_pending ON scoring.outcomes (registration_id) WHERE status IN ('computed', 'verified');

CREATE UNIQUE INDEX uq_outcomes_public ON scoring.outcomes (registration_id) WHERE status IN ('final', 'published', 'under_review', 'upheld');

CREATE OR REPLACE FUNCTION scoring.forbid_decision_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' OR (OLD.decision, OLD.composite, OLD.inputs, OLD.explanation, OLD.rule_version, OLD.inputs_sha256, OLD.registration_id) IS DISTINCT FROM (NEW.decision, NEW.composite, NEW.inputs, NEW.explanation, NEW.rule_version, NEW.inputs_sha256, NEW.registration_id) THEN RAISE EXCEPTION 'what was decided is not changed; a new version is' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$;

CREATE TRIGGER outcomes_decided BEFORE UPDATE OR DELETE ON scoring.outcomes FOR EACH ROW EXECUTE FUNCTION scoring.forbid_decision_change();

CREATE TABLE exam.incident_returns (
    item_id UUID NOT NULL,
    to_name TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_incident_returns PRIMARY KEY (item_id),
    CONSTRAINT ck_incident_returns_to_name CHECK (to_name <> ''),
    CONSTRAINT fk_incident_returns_item_id FOREIGN KEY(item_id) REFERENCES exam.incident_items (id)
);

CREATE TRIGGER incident_returns_append_only BEFORE UPDATE OR DELETE ON exam.incident_returns FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER incident_returns_no_truncate BEFORE TRUNCATE ON exam.incident_returns FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE exam.registrations (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    person_id UUID NOT NULL,
    institution_id UUID,
    roster_id UUID,
    roster_serial TEXT NOT NULL,
    channel TEXT NOT NULL,
    scheme_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    level TEXT NOT NULL,
    prefecture_code TEXT NOT NULL,
    major TEXT NOT NULL,
    major_code TEXT NOT NULL,
    class_name TEXT NOT NULL,
    status TEXT NOT NULL,
    payer TEXT NOT NULL,
    fee_yuan NUMERIC(12, 4) NOT NULL,
    first_free BOOLEAN NOT NULL,
    fee_receipt TEXT NOT NULL,
    waiver_reason TEXT NOT NULL,
    waiver_proof TEXT NOT NULL,
    consent_at TIMESTAMP WITH TIME ZONE,
    photo_sha256 VARCHAR(64),
    resit_of UUID,
    return_reason TEXT NOT NULL,
    entry_no TEXT,
    entry_key VARCHAR(64),
    claim_blind VARCHAR(64),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_registrations PRIMARY KEY (id),
    CONSTRAINT ck_registrations_status CHECK (status IN ('draft', 'submitted', 'docs_checking', 'returned', 'accepted', 'consent_confirmed', 'waived', 'institution_paid', 'self_paid', 'confirmed', 'seated', 'outcome', 'transferred', 'withdrawn', 'rejected', 'barred')),
    CONSTRAINT ck_registrations_channel CHECK (channel IN ('school', 'social')),
    CONSTRAINT ck_registrations_payer CHECK (payer IN ('institution', 'self', 'waived')),
    CONSTRAINT ck_registrations_level CHECK (level IN ('elementary', 'intermediate', 'advanced')),
    CONSTRAINT ck_registrations_fee CHECK (fee_yuan >= 0),
    CONSTRAINT ck_registrations_waiver CHECK (payer <> 'waived' OR (waiver_reason <> '' AND waiver_proof <> '')),
    CONSTRAINT ck_registrations_self_paid_social_only CHECK (payer <> 'self' OR channel = 'social'),
    CONSTRAINT ck_registrations_claim CHECK (claim_blind IS NULL OR status IN ('barred', 'docs_checking', 'rejected', 'returned', 'submitted', 'withdrawn')),
    CONSTRAINT ck_registrations_entry CHECK (entry_no IS NULL OR (channel = 'social' AND consent_at IS NOT NULL AND photo_sha256 IS NOT NULL)),
    CONSTRAINT ck_registrations_consent CHECK (status NOT IN ('consent_confirmed','waived','institution_paid','self_paid','confirmed','seated') OR consent_at IS NOT NULL),
    CONSTRAINT fk_registrations_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_registrations_person_id FOREIGN KEY(person_id) REFERENCES exam.people (id),
    CONSTRAINT fk_registrations_institution_id FOREIGN KEY(institution_id) REFERENCES exam.institutions (id),
    CONSTRAINT fk_registrations_roster_id FOREIGN KEY(roster_id) REFERENCES exam.rosters (id),
    CONSTRAINT fk_registrations_scheme_id FOREIGN KEY(scheme_id) REFERENCES exam.schemes (id),
    CONSTRAINT fk_registrations_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id),
    CONSTRAINT fk_registrations_prefecture_code FOREIGN KEY(prefecture_code) REFERENCES exam.prefectures (code),
    CONSTRAINT fk_registrations_resit_of FOREIGN KEY(resit_of) REFERENCES exam.registrations (id),
    CONSTRAINT uq_registrations_entry_no UNIQUE (entry_no),
    CONSTRAINT uq_registrations_entry_key UNIQUE (entry_key)
);

CREATE INDEX ix_registrations_batch_institution ON exam.registrations (batch_id, institution_id);

CREATE INDEX ix_registrations_claim_blind ON exam.registrations (claim_blind);

CREATE INDEX ix_registrations_person_id ON exam.registrations (person_id);

CREATE UNIQUE INDEX uq_registrations_live ON exam.registrations (person_id, certificate_id, level, batch_id) WHERE status NOT IN ('barred', 'rejected', 'withdrawn');

CREATE TABLE exam.time_credit_sittings (
    credit_id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    minutes INTEGER NOT NULL,
    CONSTRAINT pk_time_credit_sittings PRIMARY KEY (credit_id, sitting_id),
    CONSTRAINT ck_time_credit_sittings_minutes CHECK (minutes > 0),
    CONSTRAINT fk_time_credit_sittings_credit_id FOREIGN KEY(credit_id) REFERENCES exam.time_credits (id),
    CONSTRAINT fk_time_credit_sittings_sitting_id FOREIGN KEY(sitting_id) REFERENCES exam.sittings (id)
);

CREATE TRIGGER time_credit_sittings_append_only BEFORE UPDATE OR DELETE ON exam.time_credit_sittings FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER time_credit_sittings_no_truncate BEFORE TRUNCATE ON exam.time_credit_sittings FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scheduling.assessor_qualifications (
    id UUID NOT NULL,
    examiner_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    may_lead BOOLEAN NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    CONSTRAINT pk_assessor_qualifications PRIMARY KEY (id),
    CONSTRAINT uq_assessor_qualifications_examiner_id_certificate_id_v_ee84 UNIQUE (examiner_id, certificate_id, valid_from),
    CONSTRAINT ck_assessor_qualifications_period CHECK (valid_from <= valid_to),
    CONSTRAINT fk_assessor_qualifications_examiner_id FOREIGN KEY(examiner_id) REFERENCES scheduling.examiners (id),
    CONSTRAINT fk_assessor_qualifications_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id)
);

CREATE TABLE scheduling.declared_relations (
    id UUID NOT NULL,
    examiner_id UUID NOT NULL,
    kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    note TEXT NOT NULL,
    declared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_declared_relations PRIMARY KEY (id),
    CONSTRAINT uq_declared_relations_examiner_id_kind_subject_id UNIQUE (examiner_id, kind, subject_id),
    CONSTRAINT ck_declared_relations_kind CHECK (kind IN ('person', 'institution')),
    CONSTRAINT fk_declared_relations_examiner_id FOREIGN KEY(examiner_id) REFERENCES scheduling.examiners (id)
);

CREATE TABLE scheduling.pins (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    number INTEGER NOT NULL,
    level TEXT NOT NULL,
    parts JSONB NOT NULL,
    site TEXT NOT NULL,
    component TEXT,
    slot TEXT,
    room TEXT,
    examiner_id UUID,
    duty TEXT,
    reason TEXT NOT NULL,
    expires DATE,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by TEXT NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    removed_by TEXT NOT NULL,
    removal_reason TEXT NOT NULL,
    CONSTRAINT pk_pins PRIMARY KEY (id),
    CONSTRAINT ck_pins_level CHECK (level IN ('group', 'part', 'session', 'person')),
    CONSTRAINT uq_pins_batch_id_number UNIQUE (batch_id, number),
    CONSTRAINT ck_pins_reason CHECK (reason <> ''),
    CONSTRAINT ck_pins_removed CHECK ((removed_at IS NULL) = (removal_reason = '')),
    CONSTRAINT ck_pins_person CHECK ((level = 'person') = (examiner_id IS NOT NULL)),
    CONSTRAINT fk_pins_batch_id FOREIGN KEY(batch_id) REFERENCES exam.exam_batches (id),
    CONSTRAINT fk_pins_examiner_id FOREIGN KEY(examiner_id) REFERENCES scheduling.examiners (id)
);

CREATE TABLE scheduling.planned_duties (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    planned_session_id UUID NOT NULL,
    examiner_id UUID NOT NULL,
    duty TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_planned_duties PRIMARY KEY (id),
    CONSTRAINT ck_planned_duties_duty CHECK (duty IN ('invigilator', 'assessor', 'lead_assessor', 'site_head')),
    CONSTRAINT uq_planned_duties_planned_session_id_examiner_id UNIQUE (planned_session_id, examiner_id),
    CONSTRAINT ex_planned_duties_examiner EXCLUDE USING gist (plan_id WITH =, examiner_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (duty <> 'site_head'),
    CONSTRAINT fk_planned_duties_examiner_id FOREIGN KEY(examiner_id) REFERENCES scheduling.examiners (id)
);

CREATE INDEX ix_planned_duties_plan_id ON scheduling.planned_duties (plan_id);

CREATE TABLE scheduling.rooms (
    id UUID NOT NULL,
    site_id UUID NOT NULL,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    form TEXT NOT NULL,
    seats INTEGER NOT NULL,
    spares INTEGER NOT NULL,
    columns INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    cameras BOOLEAN NOT NULL,
    certificate_ids UUID[] NOT NULL,
    CONSTRAINT pk_rooms PRIMARY KEY (id),
    CONSTRAINT uq_rooms_site_id_code UNIQUE (site_id, code),
    CONSTRAINT ck_rooms_form CHECK (form IN ('paper', 'computer', 'practical_general', 'practical_special')),
    CONSTRAINT ck_rooms_seats CHECK (seats > 0 AND spares >= 0 AND spares < seats),
    CONSTRAINT ck_rooms_columns CHECK (columns > 0),
    CONSTRAINT fk_rooms_site_id FOREIGN KEY(site_id) REFERENCES scheduling.sites (id)
);

CREATE TABLE scheduling.site_approvals (
    id UUID NOT NULL,
    site_id UUID NOT NULL,
    certificate_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    prefecture_code TEXT NOT NULL,
    levels TEXT[] NOT NULL,
    standing TEXT NOT NULL,
    standing_reason TEXT NOT NULL,
    status TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    conditions_version INTEGER NOT NULL,
    note TEXT NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_site_approvals PRIMARY KEY (id),
    CONSTRAINT ck_site_approvals_status CHECK (status IN ('draft', 'submitted', 'returned', 'org_desk_review', 'on_site_check', 'org_agreed', 'province_consulted', 'agreed', 'filed_province', 'filed_platform', 'active', 'suspended', 'revoked', 'expired')),
    CONSTRAINT ck_site_approvals_standing CHECK (standing IN ('designated', 'branch', 'reserve')),
    CONSTRAINT ck_site_approvals_period CHECK (valid_from <= valid_to),
    CONSTRAINT ck_site_approvals_standing_reason CHECK (standing = 'designated' OR btrim(standing_reason) <> ''),
    CONSTRAINT fk_site_approvals_site_id FOREIGN KEY(site_id) REFERENCES scheduling.sites (id),
    CONSTRAINT fk_site_approvals_certificate_id FOREIGN KEY(certificate_id) REFERENCES exam.certificates (id),
    CONSTRAINT fk_site_approvals_organisation_id FOREIGN KEY(organisation_id) REFERENCES exam.organisations (id),
    CONSTRAINT fk_site_approvals_prefecture_code FOREIGN KEY(prefecture_code) REFERENCES exam.prefectures (code)
);

CREATE INDEX ix_site_approvals_organisation_id ON scheduling.site_approvals (organisation_id);

CREATE UNIQUE INDEX uq_site_approvals_designated ON scheduling.site_approvals (certificate_id, prefecture_code) WHERE standing = 'designated' AND status IN ('submitted', 'org_desk_review', 'on_site_check', 'org_agreed', 'province_consulted', 'agreed', 'filed_province', 'filed_platform', 'active', 'suspended');

CREATE UNIQUE INDEX uq_site_approvals_site ON scheduling.site_approvals (site_id, certificate_id) WHERE status NOT IN ('revoked', 'expired');

CREATE TABLE scheduling.standby_duties (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    site_id UUID NOT NULL,
    day DATE NOT NULL,
    examiner_id UUID NOT NULL,
    CONSTRAINT pk_standby_duties PRIMARY KEY (id),
    CONSTRAINT uq_standby_duties_plan_id_examiner_id_day UNIQUE (plan_id, examiner_id, day),
    CONSTRAINT fk_standby_duties_site_id FOREIGN KEY(site_id) REFERENCES scheduling.sites (id),
    CONSTRAINT fk_standby_duties_examiner_id FOREIGN KEY(examiner_id) REFERENCES scheduling.examiners (id)
);

CREATE INDEX ix_standby_duties_plan_id ON scheduling.standby_duties (plan_id);

CREATE TABLE scoring.lead_decisions (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    value NUMERIC(12, 4) NOT NULL,
    totals JSONB NOT NULL,
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_lead_decisions PRIMARY KEY (id),
    CONSTRAINT ck_lead_decisions_value CHECK (value >= 0),
    CONSTRAINT ck_lead_decisions_reason CHECK (length(trim(reason)) > 0),
    CONSTRAINT fk_lead_decisions_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id)
);

CREATE INDEX ix_lead_decisions_batch_id ON scoring.lead_decisions (batch_id);

CREATE INDEX ix_lead_decisions_sitting_id ON scoring.lead_decisions (sitting_id);

CREATE TRIGGER lead_decisions_append_only BEFORE UPDATE OR DELETE ON scoring.lead_decisions FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER lead_decisions_no_truncate BEFORE TRUNCATE ON scoring.lead_decisions FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scoring.marks (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    sitting_id UUID,
    state TEXT NOT NULL,
    value NUMERIC(12, 4),
    source TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    live BOOLEAN NOT NULL,
    entered_by UUID[] NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    verified_by UUID,
    verified_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    detail JSONB NOT NULL,
    CONSTRAINT pk_marks PRIMARY KEY (id),
    CONSTRAINT ck_marks_state CHECK (state IN ('scored', 'absent', 'void', 'exempt', 'retained', 'missing')),
    CONSTRAINT ck_marks_source CHECK (source IN ('computer', 'double_entry', 'third_entry', 'sheets', 'lead', 'attendance', 'incident', 'exemption', 'retention', 'correction')),
    CONSTRAINT ck_marks_status CHECK (status IN ('entered', 'verified')),
    CONSTRAINT ck_marks_value CHECK ((state IN ('scored', 'retained')) = (value IS NOT NULL)),
    CONSTRAINT ck_marks_not_negative CHECK (value >= 0),
    CONSTRAINT ck_marks_not_missing CHECK (state <> 'missing'),
    CONSTRAINT ck_marks_verified_at CHECK ((status = 'verified') = (verified_at IS NOT NULL)),
    CONSTRAINT ck_marks_second_person CHECK (verified_by IS NULL OR NOT verified_by = ANY (entered_by)),
    CONSTRAINT uq_marks_registration_id_component_id_version UNIQUE (registration_id, component_id, version),
    CONSTRAINT fk_marks_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id)
);

CREATE INDEX ix_marks_batch_id ON scoring.marks (batch_id, component_id);

CREATE UNIQUE INDEX uq_marks_live ON scoring.marks (registration_id, component_id) WHERE live;

CREATE TABLE scoring.paper_entries (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    round INTEGER NOT NULL,
    value NUMERIC(12, 4) NOT NULL,
    entered_by UUID NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_paper_entries PRIMARY KEY (id),
    CONSTRAINT ck_paper_entries_round CHECK (round BETWEEN 1 AND 3),
    CONSTRAINT ck_paper_entries_value CHECK (value >= 0),
    CONSTRAINT uq_paper_entries_registration_id_component_id_round UNIQUE (registration_id, component_id, round),
    CONSTRAINT uq_paper_entries_registration_id_component_id_entered_by UNIQUE (registration_id, component_id, entered_by),
    CONSTRAINT fk_paper_entries_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id)
);

CREATE INDEX ix_paper_entries_batch_id ON scoring.paper_entries (batch_id, component_id);

CREATE TRIGGER paper_entries_append_only BEFORE UPDATE OR DELETE ON scoring.paper_entries FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER paper_entries_no_truncate BEFORE TRUNCATE ON scoring.paper_entries FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scoring.reviews (
    id UUID NOT NULL,
    outcome_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    scheme_id UUID NOT NULL,
    ground TEXT NOT NULL,
    statement TEXT NOT NULL,
    status TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_on DATE NOT NULL,
    due_provisional BOOLEAN NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    refusal TEXT,
    rechecked_by UUID,
    rechecked_at TIMESTAMP WITH TIME ZONE,
    finding TEXT,
    answer TEXT,
    answered_by UUID,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_reviews PRIMARY KEY (id),
    CONSTRAINT ck_reviews_status CHECK (status IN ('requested', 'refused', 'accepted', 'rechecked', 'answered')),
    CONSTRAINT ck_reviews_ground CHECK (ground IN ('missing', 'adding', 'copying', 'discipline')),
    CONSTRAINT ck_reviews_finding CHECK (finding IS NULL OR finding IN ('upheld', 'corrected')),
    CONSTRAINT ck_reviews_refusal CHECK (status <> 'refused' OR refusal IS NOT NULL),
    CONSTRAINT ck_reviews_rechecked CHECK (status NOT IN ('rechecked', 'answered') OR (finding IS NOT NULL AND answer IS NOT NULL)),
    CONSTRAINT ck_reviews_second_person CHECK (rechecked_by <> answered_by),
    CONSTRAINT uq_reviews_outcome_id UNIQUE (outcome_id),
    CONSTRAINT fk_reviews_outcome_id FOREIGN KEY(outcome_id) REFERENCES scoring.outcomes (id)
);

CREATE INDEX ix_reviews_batch_id ON scoring.reviews (batch_id, status);

CREATE INDEX ix_reviews_registration_id ON scoring.reviews (registration_id);

CREATE TABLE scoring.score_sheets (
    id UUID NOT NULL,
    batch_id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    assessor_id UUID NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    answers JSONB NOT NULL,
    overtime_minutes INTEGER,
    note TEXT NOT NULL,
    total NUMERIC(12, 4),
    scored JSONB,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE,
    signed_sha256 VARCHAR(64),
    corrects_id UUID,
    reason TEXT,
    countersigned_by UUID,
    countersigned_at TIMESTAMP WITH TIME ZONE,
    evidence JSONB NOT NULL,
    evidence_needed TEXT[] NOT NULL,
    second_needed BOOLEAN NOT NULL,
    declined_by UUID,
    declined_at TIMESTAMP WITH TIME ZONE,
    decline_reason TEXT NOT NULL,
    CONSTRAINT pk_score_sheets PRIMARY KEY (id),
    CONSTRAINT ck_score_sheets_status CHECK (status IN ('draft', 'countersign', 'signed')),
    CONSTRAINT ck_score_sheets_version CHECK (version >= 1 AND revision >= 0),
    CONSTRAINT ck_score_sheets_signed_at CHECK ((status = 'draft') = (signed_at IS NULL)),
    CONSTRAINT ck_score_sheets_added_up CHECK (status = 'draft' OR (total IS NOT NULL AND scored IS NOT NULL AND signed_sha256 IS NOT NULL)),
    CONSTRAINT ck_score_sheets_total CHECK (total >= 0),
    CONSTRAINT ck_score_sheets_correction CHECK ((version > 1) = (corrects_id IS NOT NULL AND reason IS NOT NULL)),
    CONSTRAINT ck_score_sheets_two_signatures CHECK ((version = 1 AND NOT second_needed) OR status <> 'signed' OR (countersigned_by IS NOT NULL AND countersigned_by <> assessor_id)),
    CONSTRAINT ck_score_sheets_evidence CHECK (status = 'draft' OR jsonb_exists_all(evidence, evidence_needed)),
    CONSTRAINT ck_score_sheets_declined CHECK ((declined_by IS NULL) = (decline_reason = '')),
    CONSTRAINT ck_score_sheets_declined_by_another CHECK (declined_by IS NULL OR declined_by <> assessor_id),
    CONSTRAINT uq_score_sheets_sitting_id_assessor_id_version UNIQUE (sitting_id, assessor_id, version),
    CONSTRAINT fk_score_sheets_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id),
    CONSTRAINT fk_score_sheets_corrects_id FOREIGN KEY(corrects_id) REFERENCES scoring.score_sheets (id)
);

CREATE INDEX ix_score_sheets_batch_id ON scoring.score_sheets (batch_id, component_id);

CREATE INDEX ix_score_sheets_room ON scoring.score_sheets (room_session_id, assessor_id);

CREATE OR REPLACE FUNCTION scoring.forbid_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' OR OLD.status = 'signed' OR (OLD.status = 'countersign' AND (NEW.answers IS DISTINCT FROM OLD.answers OR NEW.total IS DISTINCT FROM OLD.total OR NEW.scored IS DISTINCT FROM OLD.scored OR NEW.signed_sha256 IS DISTINCT FROM OLD.signed_sha256 OR NEW.evidence IS DISTINCT FROM OLD.evidence OR NEW.second_needed IS DISTINCT FROM OLD.second_needed OR NEW.evidence_needed IS DISTINCT FROM OLD.evidence_needed)) THEN RAISE EXCEPTION 'a signed score sheet cannot be changed' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$;

CREATE TRIGGER score_sheets_signed BEFORE UPDATE OR DELETE ON scoring.score_sheets FOR EACH ROW EXECUTE FUNCTION scoring.forbid_signed_change();

CREATE TABLE exam.accommodations (
    id UUID NOT NULL,
    registration_id UUID NOT NULL,
    version TEXT NOT NULL,
    extra_percent INTEGER NOT NULL,
    own_room BOOLEAN NOT NULL,
    ground_floor BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    reason_sealed TEXT NOT NULL,
    evidence_sealed TEXT NOT NULL,
    asked_by UUID,
    asked_name TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decision_sealed TEXT NOT NULL,
    decided_by UUID,
    decided_name TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    withdrawal_sealed TEXT NOT NULL,
    withdrawn_by UUID,
    withdrawn_name TEXT NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_accommodations PRIMARY KEY (id),
    CONSTRAINT ck_accommodations_status CHECK (status IN ('asked', 'granted', 'refused', 'withdrawn')),
    CONSTRAINT ck_accommodations_extra_percent CHECK (extra_percent BETWEEN 0 AND 100),
    CONSTRAINT ck_accommodations_measures CHECK (extra_percent > 0 OR own_room OR ground_floor),
    CONSTRAINT ck_accommodations_reason CHECK (reason_sealed <> '' AND evidence_sealed <> ''),
    CONSTRAINT ck_accommodations_decided_at CHECK (status NOT IN ('granted', 'refused') OR decided_at IS NOT NULL),
    CONSTRAINT ck_accommodations_withdrawn CHECK (status <> 'withdrawn' OR (withdrawn_at IS NOT NULL AND withdrawal_sealed <> '')),
    CONSTRAINT fk_accommodations_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id)
);

CREATE INDEX ix_accommodations_registration_id ON exam.accommodations (registration_id);

CREATE UNIQUE INDEX uq_accommodations_open ON exam.accommodations (registration_id) WHERE status IN ('asked', 'granted');

CREATE TABLE exam.exemptions (
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    reason TEXT NOT NULL,
    proof TEXT NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_exemptions PRIMARY KEY (registration_id, component_id),
    CONSTRAINT ck_exemptions_reason CHECK (reason <> ''),
    CONSTRAINT fk_exemptions_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id),
    CONSTRAINT fk_exemptions_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id)
);

CREATE TABLE exam.retained_parts (
    registration_id UUID NOT NULL,
    component_id UUID NOT NULL,
    value NUMERIC(12, 4) NOT NULL,
    source_registration_id UUID NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_retained_parts PRIMARY KEY (registration_id, component_id),
    CONSTRAINT ck_retained_parts_value CHECK (value >= 0),
    CONSTRAINT fk_retained_parts_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id),
    CONSTRAINT fk_retained_parts_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id),
    CONSTRAINT fk_retained_parts_source_registration_id FOREIGN KEY(source_registration_id) REFERENCES exam.registrations (id)
);

CREATE TABLE scheduling.placements (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    group_key TEXT NOT NULL,
    site_id UUID NOT NULL,
    reason TEXT NOT NULL,
    nearer INTEGER NOT NULL,
    km DOUBLE PRECISION NOT NULL,
    ticket_no TEXT NOT NULL,
    CONSTRAINT pk_placements PRIMARY KEY (id),
    CONSTRAINT uq_placements_plan_id_registration_id UNIQUE (plan_id, registration_id),
    CONSTRAINT uq_placements_plan_id_ticket_no UNIQUE (plan_id, ticket_no),
    CONSTRAINT fk_placements_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id),
    CONSTRAINT fk_placements_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id),
    CONSTRAINT fk_placements_site_id FOREIGN KEY(site_id) REFERENCES scheduling.sites (id)
);

CREATE TABLE scheduling.planned_sessions (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    key TEXT NOT NULL,
    round_no INTEGER NOT NULL,
    site_id UUID NOT NULL,
    room_id UUID NOT NULL,
    scheme_id UUID NOT NULL,
    component_id UUID NOT NULL,
    form TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    first_seat INTEGER NOT NULL,
    seats_count INTEGER NOT NULL,
    paper_version TEXT NOT NULL,
    room_session_id UUID,
    CONSTRAINT pk_planned_sessions PRIMARY KEY (id),
    CONSTRAINT ck_planned_sessions_period CHECK (ends_at > starts_at),
    CONSTRAINT ck_planned_sessions_seats_count CHECK (seats_count > 0 AND first_seat > 0),
    CONSTRAINT uq_planned_sessions_plan_id_key_round_no UNIQUE (plan_id, key, round_no),
    CONSTRAINT ex_planned_sessions_room EXCLUDE USING gist (plan_id WITH =, room_id WITH =, int4range(first_seat, first_seat + seats_count) WITH &&, tstzrange(starts_at, ends_at) WITH &&),
    CONSTRAINT fk_planned_sessions_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id),
    CONSTRAINT fk_planned_sessions_site_id FOREIGN KEY(site_id) REFERENCES scheduling.sites (id),
    CONSTRAINT fk_planned_sessions_room_id FOREIGN KEY(room_id) REFERENCES scheduling.rooms (id),
    CONSTRAINT fk_planned_sessions_scheme_id FOREIGN KEY(scheme_id) REFERENCES exam.schemes (id),
    CONSTRAINT fk_planned_sessions_component_id FOREIGN KEY(component_id) REFERENCES exam.components (id)
);

CREATE INDEX ix_planned_sessions_plan_id ON scheduling.planned_sessions (plan_id);

CREATE TABLE scheduling.repair_notices (
    id UUID NOT NULL,
    repair_id UUID NOT NULL,
    registration_id UUID,
    account_id UUID,
    changes JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_repair_notices PRIMARY KEY (id),
    CONSTRAINT ck_repair_notices_reader CHECK (num_nonnulls(registration_id, account_id) = 1),
    CONSTRAINT fk_repair_notices_repair_id FOREIGN KEY(repair_id) REFERENCES scheduling.repairs (id),
    CONSTRAINT fk_repair_notices_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id),
    CONSTRAINT fk_repair_notices_account_id FOREIGN KEY(account_id) REFERENCES exam.accounts (id)
);

CREATE INDEX ix_repair_notices_account_id ON scheduling.repair_notices (account_id);

CREATE INDEX ix_repair_notices_registration_id ON scheduling.repair_notices (registration_id);

CREATE INDEX ix_repair_notices_repair_id ON scheduling.repair_notices (repair_id);

CREATE TABLE scheduling.site_approval_steps (
    id UUID NOT NULL,
    approval_id UUID NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_site_approval_steps PRIMARY KEY (id),
    CONSTRAINT fk_site_approval_steps_approval_id FOREIGN KEY(approval_id) REFERENCES scheduling.site_approvals (id)
);

CREATE INDEX ix_site_approval_steps_approval_id ON scheduling.site_approval_steps (approval_id);

CREATE TABLE scheduling.unplaced (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    group_key TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_unplaced PRIMARY KEY (id),
    CONSTRAINT ck_unplaced_reason CHECK (reason IN ('no_site', 'capacity', 'time', 'accommodation', 'pinned', 'clash', 'not_reached')),
    CONSTRAINT uq_unplaced_plan_id_registration_id UNIQUE (plan_id, registration_id),
    CONSTRAINT fk_unplaced_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id),
    CONSTRAINT fk_unplaced_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id)
);

CREATE TABLE scoring.contested_sheets (
    sheet_id UUID NOT NULL,
    contested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_contested_sheets PRIMARY KEY (sheet_id),
    CONSTRAINT fk_contested_sheets_sheet_id FOREIGN KEY(sheet_id) REFERENCES scoring.score_sheets (id)
);

CREATE TRIGGER contested_sheets_append_only BEFORE UPDATE OR DELETE ON scoring.contested_sheets FOR EACH ROW EXECUTE FUNCTION exam.forbid_change();

CREATE TRIGGER contested_sheets_no_truncate BEFORE TRUNCATE ON scoring.contested_sheets FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change();

CREATE TABLE scoring.keyed_sheets (
    id UUID NOT NULL,
    room_session_id UUID NOT NULL,
    sitting_id UUID NOT NULL,
    assessor_id UUID NOT NULL,
    version INTEGER NOT NULL,
    answers JSONB NOT NULL,
    overtime_minutes INTEGER,
    note TEXT NOT NULL,
    evidence JSONB NOT NULL,
    slip TEXT NOT NULL,
    reason TEXT NOT NULL,
    correction TEXT NOT NULL,
    keyed_by UUID NOT NULL,
    keyed_name TEXT NOT NULL,
    keyed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    checked_by UUID,
    checked_name TEXT NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawal TEXT NOT NULL,
    sheet_id UUID,
    CONSTRAINT pk_keyed_sheets PRIMARY KEY (id),
    CONSTRAINT ck_keyed_sheets_checked CHECK ((checked_by IS NULL) = (checked_at IS NULL)),
    CONSTRAINT ck_keyed_sheets_sheet CHECK ((checked_by IS NULL) = (sheet_id IS NULL)),
    CONSTRAINT ck_keyed_sheets_two_people CHECK (keyed_by <> assessor_id AND (checked_by IS NULL OR (checked_by <> keyed_by AND checked_by <> assessor_id))),
    CONSTRAINT ck_keyed_sheets_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawal = '')),
    CONSTRAINT ck_keyed_sheets_not_after CHECK (withdrawn_at IS NULL OR checked_at IS NULL),
    CONSTRAINT ck_keyed_sheets_reason CHECK (length(trim(reason)) > 0),
    CONSTRAINT ck_keyed_sheets_correction CHECK (version >= 1 AND (version > 1) = (length(trim(correction)) > 0)),
    CONSTRAINT fk_keyed_sheets_sheet_id FOREIGN KEY(sheet_id) REFERENCES scoring.score_sheets (id)
);

CREATE INDEX ix_keyed_sheets_room ON scoring.keyed_sheets (room_session_id);

CREATE UNIQUE INDEX uq_keyed_sheets ON scoring.keyed_sheets (sitting_id, assessor_id, version) WHERE withdrawn_at IS NULL;

CREATE TABLE scoring.tablet_settlements (
    sitting_id UUID NOT NULL,
    assessor_id UUID NOT NULL,
    version INTEGER NOT NULL,
    matter TEXT NOT NULL,
    room_session_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    way_out TEXT NOT NULL,
    facts JSONB NOT NULL,
    signed VARCHAR(64) NOT NULL,
    events_count INTEGER NOT NULL,
    sheet_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tablet_settlements PRIMARY KEY (sitting_id, assessor_id, version, matter),
    CONSTRAINT ck_tablet_settlements_matter CHECK (matter IN ('sheet', 'stop')),
    CONSTRAINT ck_tablet_settlements_outcome CHECK (outcome IN ('applied', 'waiting', 'refused', 'contradiction')),
    CONSTRAINT ck_tablet_settlements_applied CHECK (outcome <> 'applied' OR matter = 'stop' OR sheet_id IS NOT NULL),
    CONSTRAINT ck_tablet_settlements_words CHECK ((outcome = 'applied') = (message = '')),
    CONSTRAINT fk_tablet_settlements_sheet_id FOREIGN KEY(sheet_id) REFERENCES scoring.score_sheets (id)
);

CREATE INDEX ix_tablet_settlements_open ON scoring.tablet_settlements (room_session_id) WHERE outcome <> 'applied';

CREATE INDEX ix_tablet_settlements_sheet ON scoring.tablet_settlements (sheet_id);

CREATE TABLE scheduling.planned_sittings (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    planned_session_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    person_id UUID NOT NULL,
    component_id UUID NOT NULL,
    seat_no INTEGER NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    granted_minutes INTEGER NOT NULL,
    measures TEXT NOT NULL,
    CONSTRAINT pk_planned_sittings PRIMARY KEY (id),
    CONSTRAINT uq_planned_sittings_planned_session_id_seat_no UNIQUE (planned_session_id, seat_no),
    CONSTRAINT uq_planned_sittings_plan_id_registration_id_component_id UNIQUE (plan_id, registration_id, component_id),
    CONSTRAINT ck_planned_sittings_seat_no CHECK (seat_no > 0),
    CONSTRAINT ex_planned_sittings_person EXCLUDE USING gist (plan_id WITH =, person_id WITH =, tstzrange(starts_at, ends_at) WITH &&),
    CONSTRAINT fk_planned_sittings_plan_id FOREIGN KEY(plan_id) REFERENCES scheduling.plans (id),
    CONSTRAINT fk_planned_sittings_planned_session_id FOREIGN KEY(planned_session_id) REFERENCES scheduling.planned_sessions (id),
    CONSTRAINT fk_planned_sittings_registration_id FOREIGN KEY(registration_id) REFERENCES exam.registrations (id)
);

CREATE INDEX ix_planned_sittings_plan_id ON scheduling.planned_sittings (plan_id);

CREATE INDEX ix_planned_sittings_registration_id ON scheduling.planned_sittings (registration_id);

-- ---------------------------------------------------------------- the job queue (pgqueuer's own tables)

-- pgqueuer 1.6.0 -- prefix='' schema='pgqueuer' durability=durable

CREATE SCHEMA IF NOT EXISTS pgqueuer;

CREATE TYPE pgqueuer.pgqueuer_status AS ENUM ('queued', 'picked', 'successful', 'exception', 'canceled', 'deleted', 'failed');

CREATE TABLE pgqueuer.pgqueuer (
    id bigserial NOT NULL PRIMARY KEY,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    execute_after timestamp with time zone NOT NULL DEFAULT now(),
    status pgqueuer.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer NOT NULL DEFAULT 0,
    slot bigint
);

CREATE TABLE pgqueuer.pgqueuer_log (
    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT now(),
    job_id bigint NOT NULL,
    status pgqueuer.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

CREATE TABLE pgqueuer.pgqueuer_schedules (
    id bigserial NOT NULL PRIMARY KEY,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    next_run timestamp with time zone NOT NULL DEFAULT now(),
    last_run timestamp with time zone,
    status pgqueuer.pgqueuer_status DEFAULT 'queued'::pgqueuer.pgqueuer_status,
    UNIQUE (expression, entrypoint)
);

CREATE TABLE pgqueuer.pgqueuer_statistics (
    id bigserial NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT date_trunc('sec'::text, now()),
    count bigint NOT NULL,
    priority integer NOT NULL,
    status pgqueuer.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

CREATE INDEX pgqueuer_ep_ea_idx ON pgqueuer.pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::pgqueuer.pgqueuer_status);

CREATE INDEX pgqueuer_ep_prio_id_idx ON pgqueuer.pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::pgqueuer.pgqueuer_status);

CREATE INDEX pgqueuer_log_created ON pgqueuer.pgqueuer_log USING btree (created);

CREATE INDEX pgqueuer_log_job_id_status ON pgqueuer.pgqueuer_log USING btree (job_id, created DESC);

CREATE INDEX pgqueuer_log_not_aggregated ON pgqueuer.pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);

CREATE INDEX pgqueuer_log_status ON pgqueuer.pgqueuer_log USING btree (status);

CREATE INDEX pgqueuer_picked_heartbeat_idx ON pgqueuer.pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::pgqueuer.pgqueuer_status);

CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON pgqueuer.pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::pgqueuer.pgqueuer_status) AND (slot IS NOT NULL));

CREATE INDEX pgqueuer_priority_id_id1_idx ON pgqueuer.pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::pgqueuer.pgqueuer_status);

CREATE INDEX pgqueuer_queue_manager_id_idx ON pgqueuer.pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);

CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON pgqueuer.pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);

CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON pgqueuer.pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::pgqueuer.pgqueuer_status, 'picked'::pgqueuer.pgqueuer_status])) AND (dedupe_key IS NOT NULL));

CREATE INDEX pgqueuer_updated_id_id1_idx ON pgqueuer.pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::pgqueuer.pgqueuer_status);

CREATE FUNCTION pgqueuer.fn_pgqueuer_changed() RETURNS TRIGGER AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER tg_pgqueuer_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgqueuer.pgqueuer
EXECUTE FUNCTION pgqueuer.fn_pgqueuer_changed();
