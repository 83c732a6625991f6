package splynxtest

// The attributes of each resource, in the order in which OPTIONS lists them on a version 5 system (the second word is
// the kind, the third the type that OPTIONS shows, "-" for what it leaves out), joined with what version 4 shows.
// Words: * required; need to be sent with POST; fixed cannot be set; null, new= and in= say what a new record holds;
// only= and single say where it is shown; v4= is another kind there; title= is its name in OPTIONS, ~ for a space.
const (
	customerSchema = `
		id int integer fixed
		mrr_total dec string fixed
		gdpr_agreed text string new=empty_answer
		parent_id int integer
		billing_type text string in=recurring|prepaid|prepaid_monthly
		partner_id int string
		location_id int string new=1
		added_by text string fixed new=admin
		added_by_id int string fixed new=1
		login text string max=128
		category text string in=person|company|lead
		name text string * max=256
		email text string max=256
		billing_email text string max=256
		phone text string max=256
		street_1 text string max=255
		zip_code text string max=32
		city text string max=32
		subdivision_id int integer null
		status text string in=active|new|blocked|disabled
		date_add date date fixed
		last_online text string fixed new=0000-00-00
		last_update text string fixed
		daily_prepaid_cost float float fixed
		gps text string
		conversion_date time datetime fixed null
		password text - single
		customer_labels list - fixed
		additional_attributes map - fixed`

	billingSchema = `
		customer_id int integer fixed
		enabled flag string new=1
		type int integer new=1
		deposit dec string fixed
		billing_date int integer new=1
		billing_due int integer new=15
		blocking_period int integer v4=int
		grace_period int integer new=10
		make_invoices flag string new=1
		payment_method int integer new=1
		min_balance dec string
		request_auto_enable text string
		request_auto_day int integer new=1
		request_auto_period int integer
		reminder_enable text string
		reminder_day_1 int integer new=10
		reminder_day_2 int integer new=5
		reminder_day_3 int integer new=5
		reminder_payment text string
		reminder_payment_value dec string
		reminder_payment_comment text string
		reminder_type int integer
		billing_person text string
		billing_street_1 text string
		billing_zip_code text string
		billing_city text string
		request_auto_type int integer new=1
		request_auto_next date date
		sub_billing_mode text string only=v5 in=independent|aggregated
		partner_id int integer null
		send_finance_notification flag string new=1
		partner_percent dec string null
		blocking_date date date fixed
		month_price dec string fixed
		billing_street_2 text string
		deleted flag - fixed only=v4
		additional_attributes map - fixed only=v4`

	invoiceSchema = `
		id int integer fixed
		customer_id int integer * fixed
		date_created date date fixed
		real_create_datetime time string fixed
		date_updated date date fixed
		date_payment date string
		date_till date date
		use_transactions flag string new=1
		note text string
		memo text string
		number text string fixed max=64
		total float float fixed
		due float float fixed
		payment_id int string
		type text string fixed in=one_time|recurring
		payd_from_deposit flag string
		status text string * in=not_paid|paid|pending|deleted
		is_sent flag string
		deleted flag - fixed only=v4
		added_by text string fixed new=system
		added_by_id int numeric fixed
		items list - fixed only=v5
		additional_attributes map - fixed only=v4`

	proformaSchema = `
		id int integer fixed
		customer_id int integer * fixed
		date_created date date fixed
		real_create_datetime time string fixed
		date_updated date date fixed
		date_payment date string
		date_till date date
		number text string fixed max=64
		total float float fixed
		payment_id int string
		status text string * in=not_paid|paid|pending
		is_sent flag string
		note text string
		memo text string
		is_crm_request flag boolean
		deleted flag - fixed only=v4
		added_by text string fixed new=system
		added_by_id int numeric fixed
		items list - fixed only=v5
		additional_attributes map - fixed only=v4`

	paymentSchema = `
		id int integer fixed
		customer_id int integer *
		invoice_id int integer null
		credit_note_id int integer null
		request_id int string null
		transaction_id int integer fixed
		payment_statement_id int string null only=v5
		payment_type int integer need
		receipt_number text string need max=32
		date date date need
		real_create_datetime time string fixed
		amount float float need
		remind_amount dec string fixed
		comment text string max=256
		is_sent flag string
		field_1 text string need max=512
		field_2 text string need max=512
		field_3 text string need max=512
		field_4 text string need max=512
		field_5 text string need max=512
		note text string
		memo text string
		deleted flag - fixed only=v4
		added_by text string fixed new=api
		added_by_id int numeric fixed
		updated_at time string fixed
		additional_attributes map - fixed only=v4`

	transactionSchema = `
		id int integer fixed v4=int
		customer_id int integer *
		type text string in=credit|debit
		quantity int integer new=1 v4=int
		unit text string
		price float float
		tax_percent float float v4=dec
		total float float v4=dec
		remind_amount float float v4=dec
		date date date
		category int integer
		description text string * max=255
		period_from date date
		period_to date date
		service_id int integer null
		payment_id int integer null
		credit_note_id int integer v4=int
		invoice_id int integer null
		invoiced_by_id int integer null
		comment text string max=512
		to_invoice flag boolean v4=bool
		service_type text string new=internet
		source text string new=manual
		tax_id int integer only=v5
		sub_account_id int integer null only=v5
		balance text - null only=v4
		movement text - null only=v4
		service_name text - null only=v4
		total_with_tax text - null only=v4
		deleted flag - fixed only=v4
		updated_at time - fixed only=v4
		additional_attributes map - fixed only=v4`

	methodSchema = `
		id int integer fixed
		name text string *
		is_active flag boolean * new=1
		name_1 text string
		name_2 text string
		name_3 text string
		name_4 text string
		name_5 text string
		accounting_bank_accounts_id int integer
		einvoicing_payment_methods_id int integer`

	categorySchema = `
		id int integer fixed
		name text string *
		is_base flag string new=1
		accounting_category_id int integer null
		einvoicing_category_id int integer
		einvoicing_private_person_category_id int integer
		einvoicing_type_id int integer
		einvoicing_private_person_type_id int integer`

	statementSchema = `
		id int string fixed
		date_time time datetime
		title text string
		handler text string
		status text string in=new|fail|success
		filename_original text string
		filename_uploaded text string
		filename_parsed text string
		records int string fixed
		processed int string fixed
		errors int string fixed
		new int string fixed
		canceled int string fixed
		ignored int string fixed
		manual_paired int string fixed
		pending int string fixed
		selected_columns text string fixed null
		dataFromApi text string fixed null
		payment_type int integer new=2
		file text file fixed null
		delimiter text string new=tabulator
		make_preview text string fixed null
		make_import text string fixed null
		paired_data list string fixed
		pair_to_inactive_customers flag boolean new=1
		countRows int string fixed
		countRowsWithErrors int string fixed`

	recordSchema = `
		id int integer fixed
		bank_statements_process_id int integer *
		datetime time datetime
		payment_date date date
		amount float float
		status text string in=new|processed|canceled|error|ignored|deleted|manual_paired|pending
		pairing_1 text string
		pairing_2 text string
		pairing_3 text string
		additional_1 text string
		additional_2 text string
		additional_3 text string
		comment text string
		customer_id int integer null
		invoice_id int integer null
		credit_note_id int integer null
		request_id int integer null
		payment_id int integer null
		transaction_id int integer null`

	relationSchema = `
		id int integer fixed
		customer_id int integer
		payer_id int integer
		type text string in=payment|credit_note|transaction
		invoice_id int integer null
		transaction_id int integer null
		amount dec string`

	partnerSchema = `
		id int integer fixed v4=int title=Id
		name text string * title=Partner~name
		deleted flag - fixed only=v4
		additional_attributes map - fixed only=v4`

	companySchema = `
		partner_id int integer fixed
		company_name text string
		address text string
		splynx_url text string`

	administratorSchema = `
		id int integer fixed title=Id
		partner_id int integer title=Partner
		role_name text string new=administrator title=Role
		login text string * title=Admin~login
		name text string * title=Full~name
		email text email *
		timeout int integer new=1800
		last_ip text string title=Last~IP
		last_dt time datetime title=Last~login
		filter_partner_id text string title=Filter_partner_id
		router_access text string title=Router~access~(radius)
		phone text string
		send_from_my_name flag boolean title=Send~emails~from~my~name
		calendar_color text string
		updated_at text string title=Updated_at`

	entryPointSchema = `
		id int integer fixed title=Id
		module text string * title=Module~name
		place text string * in=portal|admin
		type text string * in=menu_link|action_link|code|tab
		size text string *
		title text string
		root text string *
		model text string
		icon text string
		background text string
		url text string * title=Add-on~URL
		code text string
		partners ids array
		name text string *
		location text string * in=before_content|after_content title=Placement
		enabled flag boolean new=1
		location_geo ids array title=Location
		payment_type ids array
		payment_account_id text string title=Payment~account`

	// accountSchema are the labels of a payment account, accountDataSchema what customers have in it. How long a value may
	// be is not documented: 255 is the shortest that is usual for such a column.
	accountSchema = `
		id int integer fixed
		title text string *
		field_1 text string
		field_2 text string
		field_3 text string
		field_4 text string
		field_5 text string
		field_6 text string
		field_7 text string
		field_8 text string
		field_9 text string
		field_10 text string`

	accountDataSchema = `
		id int - fixed only=none
		account_id int integer fixed
		customer_id int integer fixed
		field_1 text string max=255
		field_2 text string max=255
		field_3 text string max=255
		field_4 text string max=255
		field_5 text string max=255
		field_6 text string max=255
		field_7 text string max=255
		field_8 text string max=255
		field_9 text string max=255
		field_10 text string max=255`

	configSchema = `
		id int - fixed only=none
		module text string * max=64
		path text string * max=64
		key text string * max=64
		value text string *
		partner_id int integer
		hidden flag - only=none`
)
