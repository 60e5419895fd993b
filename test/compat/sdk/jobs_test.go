package sdk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/applicationtemplates"
	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
)

type (
	syncBuilder = *serviceprincipals.ItemSynchronizationRequestBuilder
	jobBuilder  = *serviceprincipals.ItemSynchronizationJobsSynchronizationJobItemRequestBuilder
)

// instantiate makes an application of the generic template with a job of its first template.
func instantiate(t *testing.T, c client) (sp string, sync syncBuilder, job jobBuilder) {
	t.Helper()
	body := applicationtemplates.NewItemInstantiatePostRequestBody()
	body.SetDisplayName(pointer(unique("Payroll")))
	made, err := c.ApplicationTemplates().ByApplicationTemplateId("8adf8e6e-67b2-4cf2-a259-e3dc5476c621").Instantiate().Post(t.Context(), body, nil)
	ok(t, err)
	sp = value(made.GetServicePrincipal().GetId())
	sync = c.ServicePrincipals().ByServicePrincipalId(sp).Synchronization()
	templates, err := sync.Templates().Get(t.Context(), nil)
	ok(t, err)
	wanted := models.NewSynchronizationJob()
	wanted.SetTemplateId(templates.GetValue()[0].GetId())
	j, err := sync.Jobs().Post(t.Context(), wanted, nil) // gzip
	ok(t, err)
	if value(j.GetTemplateId()) != value(wanted.GetTemplateId()) || value(j.GetSchedule().GetState()) != models.DISABLED_SYNCHRONIZATIONSCHEDULESTATE ||
		value(j.GetStatus().GetCode()) != models.NOTCONFIGURED_SYNCHRONIZATIONSTATUSCODE {
		t.Errorf("W08: the job is of %s, %v, %v", value(j.GetTemplateId()), j.GetSchedule().GetState(), j.GetStatus().GetCode())
	}
	return sp, sync, sync.Jobs().BySynchronizationJobId(value(j.GetId()))
}

// contoso is the sample application's job, which agent and host carry out; rule is its synchronization rule.
func contoso(t *testing.T, c client) (job jobBuilder, id, rule string) {
	t.Helper()
	found, err := c.ServicePrincipals().Get(t.Context(), &serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{
		QueryParameters: &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{Filter: pointer("displayName eq 'CONTOSO Employees'")},
	})
	ok(t, err)
	sync := c.ServicePrincipals().ByServicePrincipalId(value(found.GetValue()[0].GetId())).Synchronization()
	jobs, err := sync.Jobs().Get(t.Context(), nil)
	ok(t, err)
	id = value(jobs.GetValue()[0].GetId())
	job = sync.Jobs().BySynchronizationJobId(id)
	schema, err := job.Schema().Get(t.Context(), nil)
	ok(t, err)
	return job, id, value(schema.GetSynchronizationRules()[0].GetId())
}

func TestJobRuns(t *testing.T) {
	c := administrator(t)
	job, _, _ := contoso(t, c)
	for range 2 {
		ok(t, job.Start().Post(t.Context(), nil))
		j := must(job.Get(t.Context(), nil))(t)
		if value(j.GetSchedule().GetState()) != models.ACTIVE_SYNCHRONIZATIONSCHEDULESTATE || j.GetSchedule().GetInterval() == nil {
			t.Errorf("W10: %v %v", j.GetSchedule().GetState(), j.GetSchedule().GetInterval())
		}
	}
	ok(t, job.Pause().Post(t.Context(), nil))
	j := must(job.Get(t.Context(), nil))(t)
	if value(j.GetSchedule().GetState()) != models.PAUSED_SYNCHRONIZATIONSCHEDULESTATE || value(j.GetStatus().GetCode()) != models.PAUSED_SYNCHRONIZATIONSTATUSCODE {
		t.Errorf("W11: %v %v", j.GetSchedule().GetState(), j.GetStatus().GetCode())
	}
	scope := models.WATERMARK_SYNCHRONIZATIONJOBRESTARTSCOPE | models.ESCROWS_SYNCHRONIZATIONJOBRESTARTSCOPE | models.QUARANTINESTATE_SYNCHRONIZATIONJOBRESTARTSCOPE
	for _, s := range []*models.SynchronizationJobRestartScope{nil, pointer(models.SynchronizationJobRestartScope(scope)), pointer(models.SynchronizationJobRestartScope(models.FULL_SYNCHRONIZATIONJOBRESTARTSCOPE))} {
		criteria := models.NewSynchronizationJobRestartCriteria()
		criteria.SetResetScope(s)
		body := serviceprincipals.NewItemSynchronizationJobsItemRestartPostRequestBody()
		body.SetCriteria(criteria)
		ok(t, job.Restart().Post(t.Context(), body, nil))
	}
	until(t, "a cycle", func() bool {
		last := must(job.Get(t.Context(), nil))(t).GetStatus().GetLastExecution()
		return last != nil && !value(last.GetTimeEnded()).IsZero() && last.GetState() != nil
	})
}

func TestSchema(t *testing.T) {
	c := administrator(t)
	_, _, job := instantiate(t, c)
	schema := whole(t, must(job.Schema().Get(t.Context(), nil))(t))
	before := schema.GetSynchronizationRules()[0].GetObjectMappings()[0]
	all := models.ADD_OBJECTFLOWTYPES | models.UPDATE_OBJECTFLOWTYPES | models.DELETE_OBJECTFLOWTYPES
	if value(before.GetFlowTypes()) != models.ObjectFlowTypes(all) {
		t.Errorf("P11: flow types %v", before.GetFlowTypes())
	}
	kept := before.GetAttributeMappings()[:0:0]
	for _, m := range before.GetAttributeMappings() {
		if value(m.GetTargetAttributeName()) != "title" {
			kept = append(kept, m)
		}
	}
	if len(kept) == len(before.GetAttributeMappings()) {
		t.Fatal("there is no title to take away")
	}
	before.SetAttributeMappings(kept)
	_, err := job.Schema().Patch(t.Context(), schema, nil) // a model that went through the client, gzip
	ok(t, err)
	after := must(job.Schema().Get(t.Context(), nil))(t).GetSynchronizationRules()[0].GetObjectMappings()[0]
	if value(after.GetFlowTypes()) != models.ObjectFlowTypes(all) || len(after.GetAttributeMappings()) != len(kept) {
		t.Fatalf("W18: flow types %v, %d mappings", after.GetFlowTypes(), len(after.GetAttributeMappings()))
	}
	for i, m := range after.GetAttributeMappings() {
		k := kept[i]
		if value(m.GetTargetAttributeName()) != value(k.GetTargetAttributeName()) || value(m.GetMatchingPriority()) != value(k.GetMatchingPriority()) ||
			value(m.GetFlowType()) != value(k.GetFlowType()) || value(m.GetSource().GetExpression()) != value(k.GetSource().GetExpression()) {
			t.Errorf("mapping %d became %s", i, value(m.GetTargetAttributeName()))
		}
	}
	ok(t, job.Schema().Delete(t.Context(), nil))
	again := must(job.Schema().Get(t.Context(), nil))(t).GetSynchronizationRules()[0].GetObjectMappings()[0]
	if len(again.GetAttributeMappings()) != len(kept)+1 {
		t.Errorf("W19: %d mappings", len(again.GetAttributeMappings()))
	}
}

// whole makes a copy that the client sends with all that is in it. Of what it has read itself it sends only what was changed, and a schema
// is replaced as a whole.
func whole(t *testing.T, schema models.SynchronizationSchemaable) models.SynchronizationSchemaable {
	t.Helper()
	w := jsonserialization.NewJsonSerializationWriter()
	ok(t, w.WriteObjectValue("", schema))
	text, err := w.GetSerializedContent()
	ok(t, err)
	node, err := jsonserialization.NewJsonParseNode(text)
	ok(t, err)
	v, err := node.GetObjectValue(models.CreateSynchronizationSchemaFromDiscriminatorValue)
	ok(t, err)
	return v.(models.SynchronizationSchemaable)
}

func TestErrTemplate(t *testing.T) {
	c := administrator(t)
	body := applicationtemplates.NewItemInstantiatePostRequestBody()
	body.SetDisplayName(pointer(unique("Payroll")))
	made, err := c.ApplicationTemplates().ByApplicationTemplateId("8adf8e6e-67b2-4cf2-a259-e3dc5476c621").Instantiate().Post(t.Context(), body, nil)
	ok(t, err)
	wanted := models.NewSynchronizationJob()
	wanted.SetTemplateId(pointer("nonsense"))
	_, err = c.ServicePrincipals().ByServicePrincipalId(value(made.GetServicePrincipal().GetId())).Synchronization().Jobs().Post(t.Context(), wanted, nil)
	refused(t, err, 400, "Request_BadRequest")
}

func TestSecrets(t *testing.T) {
	c := administrator(t)
	_, sync, _ := instantiate(t, c)
	put := func(pairs ...string) {
		t.Helper()
		var list []models.SynchronizationSecretKeyStringValuePairable
		for i := 0; i < len(pairs); i += 2 {
			p := models.NewSynchronizationSecretKeyStringValuePair()
			key, err := models.ParseSynchronizationSecret(pairs[i])
			ok(t, err)
			p.SetKey(key.(*models.SynchronizationSecret))
			p.SetValue(&pairs[i+1])
			list = append(list, p)
		}
		body := serviceprincipals.NewItemSynchronizationSecretsPutRequestBody()
		body.SetValue(list)
		_, err := sync.Secrets().PutAsSecretsPutResponse(t.Context(), body, nil)
		ok(t, err)
	}
	get := func() map[string]string {
		t.Helper()
		whole, err := sync.Get(t.Context(), nil)
		ok(t, err)
		all := map[string]string{}
		for _, p := range whole.GetSecrets() {
			all[p.GetKey().String()] = value(p.GetValue())
		}
		return all
	}
	put("BaseAddress", "https://app.example/scim", "SecretToken", "not to be seen", "AppKey", "nor this")
	first := get()
	if first["BaseAddress"] != "https://app.example/scim" || strings.Contains(fmt.Sprint(first), "seen") || strings.Contains(fmt.Sprint(first), "nor") || len(first) != 3 {
		t.Errorf("W14: %v", first)
	}
	put("BaseAddress", "https://app.example/v2", "SecretToken", first["SecretToken"], "AppKey", "")
	if second := get(); len(second) != 2 || second["SecretToken"] == "" {
		t.Errorf("W14: %v", second)
	}
}

func TestOnDemandAndLog(t *testing.T) {
	c := administrator(t)
	job, id, rule := contoso(t, c)
	user := c.hire(t, unique("demand"))
	subject := models.NewSynchronizationJobSubject()
	subject.SetObjectId(&user)
	subject.SetObjectTypeName(pointer("User"))
	parameters := models.NewSynchronizationJobApplicationParameters()
	parameters.SetRuleId(&rule)
	parameters.SetSubjects([]models.SynchronizationJobSubjectable{subject})
	body := serviceprincipals.NewItemSynchronizationJobsItemProvisionOnDemandPostRequestBody()
	body.SetParameters([]models.SynchronizationJobApplicationParametersable{parameters})
	onDemand := func() (result string, change string) {
		t.Helper()
		pair, err := job.ProvisionOnDemand().Post(t.Context(), body, nil)
		ok(t, err)
		var key struct{ Result string }
		var log struct{ ChangeID string }
		ok(t, json.Unmarshal([]byte(value(pair.GetKey())), &key))
		ok(t, json.Unmarshal([]byte(value(pair.GetValue())), &log))
		return key.Result, log.ChangeID
	}
	result, change := onDemand()
	if result != "Success" && result != "Skipped" { // the job may have been quicker
		t.Errorf("W15: %s", result)
	}
	if again, _ := onDemand(); again != "Skipped" {
		t.Errorf("W15: again it is %s", again)
	}
	until(t, "the record", func() bool {
		page, err := c.AuditLogs().Provisioning().Get(t.Context(), &auditlogs.ProvisioningRequestBuilderGetRequestConfiguration{
			QueryParameters: &auditlogs.ProvisioningRequestBuilderGetQueryParameters{Filter: pointer("jobId eq '" + id + "' and changeId eq '" + change + "'"), Top: pointer(int32(5))},
		})
		ok(t, err)
		if len(page.GetValue()) == 0 {
			return false
		}
		r := page.GetValue()[0]
		if r.GetProvisioningAction() == nil || r.GetProvisioningStatusInfo().GetStatus() == nil || r.GetInitiatedBy().GetInitiatorType() == nil ||
			len(r.GetProvisioningSteps()) == 0 || r.GetProvisioningSteps()[0].GetProvisioningStepType() == nil || value(r.GetSourceIdentity().GetId()) != user {
			t.Errorf("W26: the typed record lacks something: %v %v %v", r.GetProvisioningAction(), r.GetProvisioningStatusInfo().GetStatus(), r.GetInitiatedBy().GetInitiatorType())
		}
		return true
	})
	burst(t, "/servicePrincipals/contoso/synchronization/jobs/"+id+"/provisionOnDemand", rule, user)
	if again, _ := onDemand(); again != "Skipped" { // the client waits and sends it again
		t.Errorf("W36: after a 429 it is %s", again)
	}
}

// burst asks without the client's patience until there is a 429, so that what follows meets one.
func burst(t *testing.T, path, rule, user string) {
	t.Helper()
	tok, err := secretCredential(t, "admin").GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{here.URL + "/.default"}})
	ok(t, err)
	body := fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[{"objectId":%q,"objectTypeName":"User"}]}]}`, rule, user)
	until(t, "a 429", func() bool {
		var refusals atomic.Int32
		var all sync.WaitGroup
		for range 8 { // at once: slow answers must not let the limit recover
			all.Go(func() {
				if impatient(t, here.URL+"/v1.0"+path, tok.Token, body) == http.StatusTooManyRequests {
					refusals.Add(1)
				}
			})
		}
		all.Wait()
		return refusals.Load() > 0
	})
}

// impatient sends one request and returns the answer's status.
func impatient(t *testing.T, url, token, body string) int {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") == "" || resp.StatusCode >= http.StatusInternalServerError {
		t.Errorf("the answer is %s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
	}
	return resp.StatusCode
}

func TestAssignments(t *testing.T) {
	c := administrator(t)
	sp, _, _ := instantiate(t, c)
	ann := c.hire(t, unique("assigned"))
	x := models.NewAppRoleAssignment()
	x.SetPrincipalId(pointer(uuid.MustParse(ann)))
	x.SetResourceId(pointer(uuid.MustParse(sp)))
	x.SetAppRoleId(pointer(uuid.Nil))
	at := c.ServicePrincipals().ByServicePrincipalId(sp).AppRoleAssignedTo()
	made, err := at.Post(t.Context(), x, nil)
	ok(t, err)
	if value(made.GetPrincipalType()) != "User" || made.GetPrincipalId().String() != ann {
		t.Errorf("W33: %v %v", value(made.GetPrincipalType()), made.GetPrincipalId())
	}
	one := at.ByAppRoleAssignmentId(value(made.GetId()))
	must(one.Get(t.Context(), nil))(t)
	_, err = at.Post(t.Context(), x, nil)
	refused(t, err, 400, "Request_BadRequest")
	ok(t, one.Delete(t.Context(), nil))
	ok(t, c.ServicePrincipals().ByServicePrincipalId(sp).Delete(t.Context(), nil))
}
